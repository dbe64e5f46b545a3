package push

import (
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

func TestAPageOfAnotherSiteIsRefusedBeforeUpstreamIsAsked(t *testing.T) {
	p := serve(t, "push")
	for _, origin := range []string{"https://evil.test", "null", "http://" + p.front + ".evil.test"} {
		if status, said := p.upgrade("/doc", origin); status != http.StatusForbidden || said != "" {
			t.Errorf("%s: got %d with %q, want 403 without a body", origin, status, said)
		}
	}
	if got := p.app.called(); got != 0 {
		t.Errorf("upstream was asked %d times, want never", got)
	}
	p.eventually(p.counts(3, "pollard_subscriptions_refused_total", `route="doc"`, `reason="origin"`))
}
