package push

import (
	"errors"
	"net/http"
	"strconv"
	"testing"
)

func TestBeyondALimitWatchersAreToldWhenToComeAndPollsGoOn(t *testing.T) {
	tests := []struct {
		limit, reason string
		kinds         []string // of those that are given before the first is refused
	}{
		{"watchers_per_identity: 2", "per-identity", []string{"bare", "events"}},
		{"watchers: 3", "watchers", []string{"v1", "events", "bare"}},
		{"handshakes: 1", "handshakes", []string{"v1"}},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			p := serve(t, "push", "limits: {"+test.limit+"}")
			polls := p.steadily("alice", "bob")
			var first *watcher
			for _, kind := range test.kinds {
				first = p.watch(kind, "alice")
			}
			before := p.app.called()
			for _, kind := range []string{"bare", "v1", "events"} {
				w, resp, err := p.tryWatch(kind, "alice")
				if err == nil {
					w.hang()
					t.Fatalf("%s was given beyond the limit", kind)
				}
				after, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
				if resp.StatusCode != http.StatusServiceUnavailable || after < 1 {
					t.Errorf("%s: got %s with Retry-After %q, want 503 with seconds", kind, resp.Status, resp.Header.Get("Retry-After"))
				}
			}
			p.eventually(p.counts(3, "pollard_subscriptions_refused_total", `route="doc"`, `reason="`+test.reason+`"`))
			if test.reason == "per-identity" {
				p.watch("bare", "bob")
			}
			first.hang()
			p.eventually(func() error { // there is room again
				w, _, err := p.tryWatch("bare", "alice")
				if err == nil {
					w.hang()
				}
				return err
			})
			polls.stop()
			polls.wantNoFailure(p)
			if p.app.called() == before {
				t.Error("upstream was asked nothing meanwhile")
			}
		})
	}
}

func TestAPageOfAnotherSiteIsRefused(t *testing.T) {
	p := serve(t, "push")
	front := p.front
	resp, err := func() (*http.Response, error) {
		r, err := http.NewRequest(http.MethodGet, "http://"+front+"/doc", nil)
		if err != nil {
			return nil, err
		}
		r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
			"Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="}, "Origin": {"https://evil.test"}, "Cookie": {"user=alice"}}
		return http.DefaultTransport.RoundTrip(r)
	}()
	if err != nil {
		t.Fatal(errors.Join(err, errors.New("asking")))
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden || p.app.called() != 0 {
		t.Errorf("got %s after %d calls upstream, want 403 after none", resp.Status, p.app.called())
	}
	p.eventually(p.counts(1, "pollard_subscriptions_refused_total", `reason="origin"`))
}
