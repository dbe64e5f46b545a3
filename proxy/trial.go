package proxy

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/guard"
)

// A trial is what is counted of a route that coalesces or pushes for some: how
// those fare on the rung who stand on it, and what it spares. It outlives
// reloads, and begins anew whenever the route is another or stands elsewhere.
type trial struct {
	// Set when it is opened, then read-only.
	monitor *guard.Monitor
	counts  *ledger.Route

	comparison atomic.Pointer[guard.Comparison] // nil where nobody is held out
	sample     sample
	watching   watching
	dryRun     dryRun
	stands     *Route                    // as which it is judged; guarded by trials.mu
	moves      atomic.Uint32             // how often it has begun anew
	last       atomic.Pointer[Judgement] // nil before the first
}

// trials are the trials by route.
type trials struct {
	ledger *ledger.Ledger

	mu   sync.Mutex
	open map[string]*trial // guarded by mu
}

// judged has the routes that coalesce or push judged: those that stand elsewhere
// than before from now on, the others as they were. The routes must not be in
// force yet.
func (ts *trials) judged(routes []*Route, now time.Time) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	open := make(map[string]*trial, len(routes))
	for _, rt := range routes {
		if rt.Rollout.Stage < rollout.Coalesce {
			continue
		}
		t := ts.open[rt.Name]
		switch {
		case t == nil:
			t = &trial{
				monitor: guard.New(now, rt.Rollout.Stage, guard.Options{}),
				counts:  rt.live.Counts, stands: rt,
			}
			t.compare(rt, now)
			t.dryRun.restart.Store(true)
		case !rt.isJudgedAs(t.stands):
			t.begin(rt, now)
			ts.ledger.Judged(rt.Name, nil, nil)
		}
		rt.trial, rt.judgedSince = t, t.moves.Load()
		open[rt.Name] = t
	}
	for route := range ts.open {
		if open[route] == nil {
			ts.ledger.Judged(route, nil, nil)
		}
	}
	ts.open = open
}

// isJudgedAs reports whether what was counted of a route before a reload says
// something of it after.
func (rt *Route) isJudgedAs(before *Route) bool {
	a, b := &rt.Rollout, &before.Rollout
	return rt.rules == before.rules && rt.Policy == before.Policy &&
		a.Stage == b.Stage && a.Percent == b.Percent && a.Holdout == b.Holdout && a.Flag == b.Flag &&
		maps.Equal(a.Allow, b.Allow) && maps.Equal(a.Deny, b.Deny) &&
		rt.ActorHeader == before.ActorHeader && rt.ActorCookie == before.ActorCookie
}

// begin is called with trials.mu held.
func (t *trial) begin(rt *Route, now time.Time) {
	t.stands = rt
	t.monitor.Moved(now, rt.Rollout.Stage)
	t.compare(rt, now)
	t.sample.checks.Store(0)
	t.dryRun.restart.Store(true)
	t.last.Store(nil)
	t.moves.Add(1)
}

// compare begins a comparison with those who are held out, if any are.
func (t *trial) compare(rt *Route, now time.Time) {
	if rt.Rollout.Holdout == 0 {
		t.comparison.Store(nil)
		return
	}
	t.comparison.Store(guard.NewComparison(now))
}

// of returns the trial of a route; nil if it is not judged.
func (ts *trials) of(route string) *trial {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.open[route]
}

// Judgement is what the guards say of a route, and what comparing its arms says
// that it spares.
type Judgement struct {
	Verdicts  []guard.Verdict
	Reduction guard.Estimate // its Missing says what is missing, where something is
}

// Judge judges a route; ok is false for one that neither coalesces nor pushes.
// It is to be called about once a second, by one goroutine.
func (h *Handler) Judge(route string, now time.Time) (j Judgement, ok bool) {
	t := h.trials.of(route)
	if t == nil {
		return j, false
	}
	if h.Observer != nil {
		t.dryRun.compare(t, h.Observer.DryRun, route)
	}
	t.watching.act(now, t.comparison.Load())
	moves := t.moves.Load()
	j.Verdicts = t.monitor.Verdicts(now)
	j.Reduction, _ = t.comparison.Load().Reduction(now)
	return j, h.trials.publish(t, moves, &j)
}

// publish makes known what was found of a route, unless it has moved meanwhile;
// then it is of no matter, and not ok.
func (ts *trials) publish(t *trial, moves uint32, j *Judgement) (ok bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	route := t.stands.Name
	if ts.open[route] != t || t.moves.Load() != moves {
		return false
	}
	t.last.Store(j)
	ts.ledger.Judged(route, figures(j.Verdicts), interval(j.Reduction))
	return true
}

// figures are verdicts as metrics have them.
func figures(verdicts []guard.Verdict) map[string]int {
	all := make(map[string]int, len(verdicts))
	for _, v := range verdicts {
		all[v.Guard] = [...]int{guard.Fail: -1, guard.Hold: 0, guard.Pass: 1}[v.Outcome]
	}
	return all
}

// interval is an estimate as metrics have it; nil if there is none.
func interval(e guard.Estimate) *ledger.Interval {
	if e.Missing != "" {
		return nil
	}
	return &ledger.Interval{Point: e.Point, Low: e.Low, High: e.High}
}

// Judgement returns what was last found of a route; ok is false for one that is
// not judged, or was not yet.
func (h *Handler) Judgement(route string) (j Judgement, ok bool) {
	t := h.trials.of(route)
	if t == nil {
		return j, false
	}
	last := t.last.Load()
	if last == nil {
		return j, false
	}
	return *last, true
}
