package push

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestTheFiguresTellWhoWatchesAndWhatItCostsUpstream(t *testing.T) {
	p := serve(t, "push")
	var watchers []*watcher
	for kind := range kinds() {
		w := p.watch(kind, "alice")
		p.eventually(w.hasHeard("alice"))
		watchers = append(watchers, w)
	}
	for transport, want := range map[string]float64{"websocket": 2, "actioncable": 1, "events": 1} {
		p.eventually(p.counts(want, "pollard_watchers", `route="doc"`, `transport="`+transport+`"`))
		p.eventually(p.counts(want, "pollard_deliveries_total", `transport="`+transport+`"`, `result="delivered"`))
	}
	version := fmt.Sprintf(`"version":%d`, p.app.change())
	for _, w := range watchers {
		p.eventually(w.hasHeard(version))
	}
	p.eventually(p.counts(8, "pollard_deliveries_total", `route="doc"`, `result="delivered"`))
	p.eventually(p.counts(4, "pollard_delivery_seconds_count", `route="doc"`))
	for _, w := range watchers {
		w.hang()
	}
	p.eventually(p.counts(0, "pollard_watchers"))
	p.upstreamIsLeftAlone()
	p.eventually(p.counts(float64(p.app.called()), "pollard_upstream_requests_total"))
	for _, reason := range []string{"watch", "verify"} {
		if got, err := p.figure("pollard_upstream_requests_total", `route="doc"`, `reason="`+reason+`"`); err != nil || got == 0 {
			t.Errorf("got %v calls, %v with reason %s, want some", got, err, reason)
		}
	}
	if got, err := p.figure("pollard_polls_total"); err != nil || got != 0 {
		t.Errorf("got %v polls, %v, want none: watching is no poll", got, err)
	}
	if got, err := p.figure("pollard_polls_avoided_total", `route="doc"`); err != nil || got <= 0 {
		t.Errorf("got %v polls avoided, %v, want some", got, err)
	}
}

// upstreamIsLeftAlone waits until ten intervals pass without a call.
func (p *pollard) upstreamIsLeftAlone() {
	p.t.Helper()
	p.eventually(func() error {
		before := p.app.called()
		<-time.After(time.Second)
		if n := p.app.called() - before; n > 0 {
			return fmt.Errorf("upstream got %d calls although nobody watches", n)
		}
		return nil
	})
}

func TestASessionThatEndsIsToldSoAndNobodyElse(t *testing.T) {
	ways := map[string]func(*pollard){
		"revoked elsewhere":                      func(p *pollard) { p.app.revoke("alice"); p.app.change() },
		"revoked elsewhere, and nothing changes": func(p *pollard) { p.app.revoke("alice") },
		"signed out": func(p *pollard) {
			r, err := http.NewRequest(http.MethodPost, "http://"+p.front+"/users/sign_out", strings.NewReader(""))
			if err != nil {
				p.t.Fatal(err)
			}
			r.Header.Set("Cookie", "user=alice")
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				p.t.Fatal(err)
			}
			resp.Body.Close()
		},
	}
	for name, end := range ways {
		t.Run(name, func(t *testing.T) {
			p := serve(t, "push", "signs_out: [POST /users/sign_out]", " lease: 1s")
			var hers, his []*watcher
			for kind := range kinds() {
				hers, his = append(hers, p.watch(kind, "alice")), append(his, p.watch(kind, "bob"))
			}
			for _, w := range append(hers, his...) {
				p.eventually(w.hasHeard(w.user))
			}
			end(p)
			for _, w := range hers {
				if err := w.endedWith(4401, map[string]string{
					"v1":    `{"type":"end","status":401,"reconnect":false}`,
					"cable": `{"type":"disconnect","reason":"unauthorized","reconnect":false}`, "events": `data: {"status":401,"reconnect":false}`,
				}); err != nil {
					t.Error(err)
				}
				if heard := w.all(); strings.Contains(heard, `"version":1`) || strings.Contains(heard, "bob") {
					t.Errorf("%s of alice heard %s", w.kind, heard)
				}
			}
			version := fmt.Sprintf(`"version":%d`, p.app.change())
			for _, w := range his {
				p.eventually(w.hasHeard(version))
				if strings.Contains(w.all(), "alice") {
					t.Errorf("%s of bob heard %s", w.kind, w.all())
				}
			}
		})
	}
}
