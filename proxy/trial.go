package proxy

import (
	"encoding/binary"
	"hash/maphash"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/guard"
)

// A trial is what is counted of a route that coalesces or pushes for some: how
// those fare on the rung who stand on it, and what it spares. It outlives
// reloads, and begins anew whenever the route stands elsewhere.
type trial struct {
	monitor    *guard.Monitor
	comparison *guard.Comparison
	stands     rollout.Policy // guarded by trials.mu

	checked atomic.Int64  // when an answer was last checked; Unix nanoseconds
	checks  atomic.Uint32 // since the route stands where it stands
	served  atomic.Uint32 // answers from memory since the last check

	seen [3]uint64                 // of the dry run: matches, late, mismatches; owned by Judge
	last atomic.Pointer[Judgement] // nil before the first
}

// trials are the trials by route.
type trials struct {
	mu   sync.Mutex
	open map[string]*trial // guarded by mu
}

// judged has the routes that coalesce or push judged: those that stand elsewhere
// than before from now on, the others as they were.
func (ts *trials) judged(routes []*Route, now time.Time) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.open == nil {
		ts.open = map[string]*trial{}
	}
	for _, rt := range routes {
		if rt.Rollout.Stage < rollout.Coalesce {
			delete(ts.open, rt.Name)
			continue
		}
		rt.trial = ts.open[rt.Name]
		switch stands := &rt.Rollout; {
		case rt.trial == nil:
			rt.trial = &trial{monitor: guard.New(now, stands.Stage, guard.Options{}), comparison: guard.NewComparison(now), stands: *stands}
			ts.open[rt.Name] = rt.trial
		case rt.trial.stands.Stage != stands.Stage || rt.trial.stands.Percent != stands.Percent || rt.trial.stands.Holdout != stands.Holdout:
			rt.trial.moved(now, stands)
		}
	}
}

// moved is called with trials.mu held.
func (t *trial) moved(now time.Time, stands *rollout.Policy) {
	t.stands = *stands
	t.monitor.Moved(now, stands.Stage)
	t.comparison.Moved(now)
	t.checks.Store(0)
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
		t.compareDryRun(h.Observer.DryRun(route))
	}
	j.Verdicts = t.monitor.Verdicts(now)
	j.Reduction, _ = t.comparison.Reduction(now)
	t.last.Store(&j)
	return j, true
}

// Judgement returns what was last found of a route; ok is false for one that is
// not judged.
func (h *Handler) Judgement(route string) (j Judgement, ok bool) {
	t := h.trials.of(route)
	if t == nil || t.last.Load() == nil {
		return j, false
	}
	return *t.last.Load(), true
}

// compareDryRun takes what coalescing would have answered to those who pass, since
// the last time.
func (t *trial) compareDryRun(match, late, mismatch uint64) {
	for i, n := range [...]uint64{match, late, mismatch} {
		result := [...]guard.Result{guard.Match, guard.Inconclusive, guard.Mismatch}[i]
		if fresh := n - t.seen[i]; fresh > 0 {
			t.monitor.Compared(guard.DryRun, result, uint32(min(fresh, 1<<31)))
		}
		t.seen[i] = n
	}
}

// fared counts how a poll ended for whoever asked.
func (h *Handler) fared(x *exchange) {
	if x.route == nil || x.route.trial == nil || x.gone() {
		return
	}
	t, who := x.route.trial, h.actorHash(x)
	a := guard.Answer{Arm: x.arm, Actor: who, Took: x.took, Age: x.age, Interval: x.interval}
	a.Failed = x.outcome == ledger.Failed || x.status >= http.StatusInternalServerError
	if x.wait > 0 {
		a.Took = 0 // it waited because it was asked to
	}
	t.monitor.Answered(a)
	t.comparison.Acted(x.arm, who)
}

// actorHash tells actors apart, for statistics.
func (h *Handler) actorHash(x *exchange) uint64 {
	if name := x.actorName(); name != "" {
		return maphash.String(h.seed, name)
	}
	if id := x.identity; id != [16]byte{} {
		return binary.LittleEndian.Uint64(id[:])
	}
	return maphash.String(h.seed, x.who)
}

// called counts a call to upstream on behalf of whoever asks.
func (h *Handler) called(x *exchange) {
	if x.route != nil && x.route.trial != nil {
		x.route.trial.comparison.Called(x.arm, h.actorHash(x))
	}
}
