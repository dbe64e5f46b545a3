package dashboards

import (
	"flag"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/ledger"
)

// mixed is for how long everybody polls and watches at least.
var mixed = flag.Duration("mixed", 6*time.Second, "for how long the mixed run lasts at least whose figures are compared")

// mixedRoutes are of the run whose figures are compared.
const mixedRoutes = `secret: 0123456789abcdef
upstream: %s
routes:
  - {name: board, path: /board/*, stage: push, interval: 200ms, min_interval: 100ms, holdout: 0}
  - {name: public, path: /public/*, stage: coalesce, share: everything, interval: %s, min_interval: 100ms}
  - {name: observed, path: /observed/*, stage: observe}
  - {name: faulty, path: /faulty/*, stage: coalesce, percent: 25, share: everything, interval: 200ms, min_interval: 100ms, actor_cookie: user, check: 10}
`

// TestEverythingThatShowsFiguresShowsTheSame has polls, watchers of every transport,
// writes, a kill and a revival, a reload and the fall of a route in one run, and
// then asks everybody what became of it.
func TestEverythingThatShowsFiguresShowsTheSame(t *testing.T) {
	t.Parallel()
	chromium := installed(t, "chromium")
	u := newUpstream(t)
	p := serve(t, fmt.Sprintf(mixedRoutes, u.server.URL, "200ms"))
	at := prometheus(t, p.admin[len("http://"):])
	eventually(t, func() error { return there(at, "pollard_killed") }) // an increase lacks what came before the first scrape
	tr := newTraffic(t, p.front)
	p.mix(tr, u)
	tr.stop()
	tr.eventuallyHears(p)
	tr.hangUp()
	u.isLeftAlone(t)

	want := p.scraped()
	u.wantLogged(t, want)
	tr.wantAnswered(want)
	delete(want, ledger.Other) // which is a route to nobody else
	m := scrapedSince(t, at, time.Now())
	for name, got := range map[string]tally{
		"/api/v1/routes":        listed(t, p.body("/api/v1/routes")),
		"pollard routes":        listed(t, p.command("routes", "--json")),
		"pollard report":        reported(t, p.command("report", "--json")),
		"/api/v1/history":       p.remembered(want),
		"Prometheus":            m.counters(t),
		"Prometheus, by a rule": m.recorded(t),
	} {
		want.compare(t, name, got)
	}
	m.wantRatios(t, want)
	c := openConsole(t, chromium, p.admin)
	for route := range want {
		c.wantRoute(t, p.past(route))
	}
	t.Logf("polls, calls, avoided: %v", want)
}

// mix has everything happen that changes a figure.
func (p *instance) mix(tr *traffic, u *upstream) {
	p.t.Helper()
	began := time.Now()
	tr.suffer()
	for i := range 6 {
		user := fmt.Sprintf("user-%d", i)
		tr.poll(user, "/board/1", 50*time.Millisecond)
		tr.poll(user, "/board/1", 300*time.Millisecond, "Prefer: wait=1", `If-None-Match: "0"`)
		tr.poll(user, "/public/1", 30*time.Millisecond)
		tr.poll(user, "/public/1", 200*time.Millisecond, "X-Unheard-Of: 1") // not coalesced
		tr.poll(user, "/observed/1", 100*time.Millisecond)
		tr.poll(user, "/elsewhere", 100*time.Millisecond)
	}
	for transport := range told {
		for i := range 3 {
			tr.watch(transport, fmt.Sprintf("user-%d", i), "/board/1")
		}
	}
	tr.isTold()
	p.command("rollout", "kill", "--why", "a drill")
	tr.goesOn(20)
	p.command("rollout", "revive")
	for transport := range told { // a kill ends watches
		tr.watch(transport, "user-9", "/board/1")
	}
	tr.isTold()
	p.configure(fmt.Sprintf(mixedRoutes, u.server.URL, "300ms"))
	p.says("configuration reloaded", 1)
	tr.isTold()
	p.eventuallyFalls()
	tr.goesOn(100)
	<-time.After(time.Until(began.Add(*mixed)))
}

// eventuallyFalls waits until a guard has stepped the faulty route down.
func (p *instance) eventuallyFalls() {
	p.t.Helper()
	eventually(p.t, func() error {
		if p.sum("pollard_guard_falls_total", `route="faulty"`) == 0 {
			return fmt.Errorf("no guard steps the faulty route down: %s", p.body("/api/v1/routes"))
		}
		return nil
	})
}

// compare holds figures to others.
func (want tally) compare(t *testing.T, name string, got tally) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: got %d routes, want %d", name, len(got), len(want))
	}
	for route, w := range want {
		if g := got[route]; !same(g.polls, w.polls) || !same(g.calls, w.calls) || !same(g.avoided, w.avoided) {
			t.Errorf("%s: got %v of %s, want %v", name, g, route, w)
		}
	}
}

// same allows for nothing but what adding fractions in another order makes.
func same(a, b float64) bool { return math.Abs(a-b) < 1e-6*max(1, math.Abs(a)) }
