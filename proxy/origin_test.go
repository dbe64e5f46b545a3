package proxy

import (
	"net/http"
	"testing"
)

func TestUpgradesOfOtherSitesAreRefusedBeforeUpstreamIsAsked(t *testing.T) {
	also := func(o *RouteOptions) { o.Origins = []string{"https://partner.test:8443"} }
	tests := []struct {
		name  string
		lines []string
		given bool
	}{
		{"the site's own", []string{ownOrigin}, true},
		{"one that the route names", []string{"Origin: https://partner.test:8443"}, true},
		{"of TLS that ends at the balancer", []string{"Origin: https://app.test", "X-Forwarded-Proto: https", viaBalancer}, true},
		{"of the host that the balancer names", []string{"Origin: https://www.test", "X-Forwarded-Proto: https", "X-Forwarded-Host: www.test", viaBalancer}, true},
		{"missing", []string{"Origin: -"}, false},
		{"null", []string{"Origin: null"}, false},
		{"foreign", []string{"Origin: https://evil.test"}, false},
		{"another scheme", []string{"Origin: https://app.test"}, false},
		{"another port", []string{"Origin: http://app.test:8080"}, false},
		{"one that begins alike", []string{"Origin: http://app.test.evil.test"}, false},
		{"a subdomain", []string{"Origin: http://evil.app.test"}, false},
		{"the partner's other port", []string{"Origin: https://partner.test"}, false},
		{"two", []string{ownOrigin, "Origin: https://evil.test"}, false},
		{"a scheme that a stranger makes up", []string{"Origin: https://app.test", "X-Forwarded-Proto: https"}, false},
		{"a host that a stranger makes up", []string{"Origin: http://evil.test", "X-Forwarded-Host: evil.test"}, false},
		{"the inner one, where the balancer names another", []string{ownOrigin, "X-Forwarded-Proto: https", viaBalancer}, false},
		{"two hosts that balancers name", []string{"Origin: http://evil.test", "X-Forwarded-Host: evil.test", "X-Forwarded-Host: app.test", viaBalancer}, false},
	}
	for _, test := range tests {
		for _, at := range []string{"/doc", "/-/pollard/cable"} {
			app := newApplication()
			protocol := map[string]string{"/-/pollard/cable": "actioncable-v1-json"}[at]
			playSite(t, app.ServeHTTP, func(s *site) {
				c, resp := s.upgrade(at, protocol, append(test.lines, alice)...)
				calls, _ := app.called()
				if given := resp.StatusCode == http.StatusSwitchingProtocols; given != test.given || !given && resp.StatusCode != http.StatusForbidden {
					t.Errorf("%s at %s: got %s, want given to be %v, else 403", test.name, at, resp.Status, test.given)
				} else if !given && calls > 0 {
					t.Errorf("%s at %s: got %d calls upstream, want none", test.name, at, calls)
				} else if given {
					c.Close()
				}
			}, polled("/doc", pushed, also))
		}
	}
}

func TestEventsOfOtherSitesAreRefusedBeforeUpstreamIsAsked(t *testing.T) {
	for origin, want := range map[string]int{"": 200, ownOrigin: 200, "Origin: null": 403, "Origin: https://evil.test": 403} {
		app := newApplication()
		playSite(t, app.ServeHTTP, func(s *site) {
			lines := []string{alice}
			if origin != "" {
				lines = append(lines, origin)
			}
			resp, _ := s.stream("/doc", lines...)
			if calls, _ := app.called(); resp.StatusCode != want || want == 403 && calls > 0 {
				t.Errorf("%q: got %d after %d calls upstream, want %d", origin, resp.StatusCode, calls, want)
			}
			resp.Body.Close()
		}, polled("/doc", pushed))
	}
}
