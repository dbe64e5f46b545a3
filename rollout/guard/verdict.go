package guard

import (
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

// The guards.
const (
	Errors     = "errors"
	Latency    = "latency"
	Staleness  = "staleness"
	Mismatches = "mismatch"
	Watches    = "watches" // only at push
)

// An Outcome is what a guard says.
type Outcome uint8

// The outcomes.
const (
	Hold Outcome = iota // not enough is known: neither climb nor fall
	Pass
	Fail // fall
)

// String returns the name of o in logs and answers.
func (o Outcome) String() string {
	switch o {
	case Pass:
		return "pass"
	case Fail:
		return "fail"
	}
	return "hold"
}

// A Figure is a share of N, for [Latency] the 99th percentile of N in seconds.
type Figure struct {
	Value float64
	N     uint64
}

// A Verdict is what a guard says, and by which figures.
type Verdict struct {
	Guard     string
	Outcome   Outcome
	Treated   Figure
	Untreated Figure        // its N is 0 where there is nothing to compare with
	Stood     time.Duration // since when the outcome has been this
	Text      string        // the guard, the figures, and why where that is not obvious
}

// Verdicts judges the route as it stands now: each guard, in a fixed order. Call it
// about once a second: what was counted between two calls a second apart, or nearly,
// is one observation, and a fault takes at least four to be believed.
func (m *Monitor) Verdicts(now time.Time) []Verdict {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.advance(now)
	f := m.figures(now)
	m.slow = f.slow(m.options.Polls)
	verdicts := []Verdict{
		m.judgeErrors(f),
		m.judgeLatency(f),
		m.judgeStaleness(f),
		m.judgeMismatches(&f.long.rare),
	}
	if m.stage == rollout.Push {
		verdicts = append(verdicts, m.judgeWatches(&f.long.rare))
	}
	for i := range verdicts {
		verdicts[i].Stood = m.stood(now, &verdicts[i])
	}
	return verdicts
}

// stood returns how long v's guard has said the same.
func (m *Monitor) stood(now time.Time, v *Verdict) time.Duration {
	s, ok := m.standing[v.Guard]
	if !ok || s.outcome != v.Outcome {
		s = standing{outcome: v.Outcome, since: now}
		m.standing[v.Guard] = s
	}
	return now.Sub(s.since)
}

// convicts reports whether what was gathered is beyond chance.
func (m *Monitor) convicts(e *evidence) bool {
	return e.rounds() >= m.options.Patience.Seconds()/roundLength.Seconds()
}

// doubtful is the evidence from which on nothing passes any more.
const doubtful = 1000

func (e *evidence) isDoubtful() bool { return e.rounds() >= doubtful }
