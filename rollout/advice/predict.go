package advice

import (
	"math"
	"time"

	"github.com/pollard-proxy/pollard/rollout/observe"
)

// Prediction is what a setting would save.
type Prediction struct {
	Stage     string   `json:"stage"`             // coalesce, push
	Share     string   `json:"share"`             // nothing, changes, verified, everything
	Deliver   string   `json:"deliver,omitempty"` // at push: document, signal
	Reduction Estimate `json:"reduction"`
}

// The defaults of routes that predictions are made for.
const (
	// Between two proofs of a watcher's permission there is a minute or up to a
	// quarter less, each by a share of its own: an eighth on average.
	lease = time.Minute * 7 / 8
	// A live document asks up to a twentieth later than its interval, each by a
	// fixed delay of its own: half of that on average.
	drift = 1.0 / 40
)

// predictions returns what each setting would save, from the least sharing up.
// At coalesce they come from a replay of the polls, at push from the time that
// documents, identities and tabs were there.
func predictions(e *observe.Evidence) []Prediction {
	tick := interval(e).Seconds() * (1 + drift)
	alone := func(s *observe.Sums) float64 { return ofAll(s, float64(s.Alone)) }
	probed := func(s *observe.Sums) float64 { return ofAll(s, float64(s.Probed)) }
	proven := func(s *observe.Sums) float64 { return ofAll(s, float64(s.Proven)) }
	together := func(s *observe.Sums) float64 { return float64(s.Together) }
	own := func(s *observe.Sums) float64 { return ofAll(s, s.Attended.Seconds()/tick) }
	shared := func(s *observe.Sums) float64 { return s.Open.Seconds() / tick }
	news := func(s *observe.Sums) float64 { return shared(s) + proving(s) }
	agreed := func(s *observe.Sums) float64 { return news(s) - float64(s.Changes) } // who asks for all has it by that
	first := func(s *observe.Sums) float64 { return float64(s.Polls) }
	settings := []struct {
		stage, share, deliver string
		calls                 calls
	}{
		{"coalesce", "nothing", "", alone},
		{"coalesce", "changes", "", probed},
		{"coalesce", "verified", "", proven},
		{"coalesce", "everything", "", together},
		{"push", "nothing", "document", watched(first, own)},
		{"push", "changes", "document", watched(first, news)},
		{"push", "changes", "signal", watched(first, news)},
		{"push", "verified", "document", watched(first, agreed)},
		{"push", "everything", "document", watched(together, shared)},
	}
	var all []Prediction
	for _, set := range settings {
		reduction := estimate(e, func(s *observe.Sums) float64 { return 1 - set.calls(s)/float64(s.Polls) })
		all = append(all, Prediction{set.stage, set.share, set.deliver, reduction})
	}
	return all
}

// calls counts upstream calls for what was seen.
type calls func(*observe.Sums) float64

// ofAll extends what was counted of identities that could be followed to all.
func ofAll(s *observe.Sums, counted float64) float64 { return counted / max(s.Tracked(), 1e-9) }

// proving returns the calls that live documents make for single identities under
// `share: changes` and verified: one at each change, and one at the end of each
// lease. A lease begins with whatever brings the body: when somebody comes, at each
// change. These are taken to come at random, so that the time between two of them is
// exponential and holds 1/(e^(lease/mean) - 1) leases on average.
func proving(s *observe.Sums) float64 {
	bodies := float64(s.Refetches + s.Visits)
	if bodies == 0 {
		return 0
	}
	leases := bodies / math.Expm1(lease.Seconds()*bodies/s.Attended.Seconds())
	return ofAll(s, float64(s.Refetches)+leases)
}

// watched returns all calls on a route at push: those of the live documents; for
// each tab that comes, one proof; for each visit, its first poll, which is a call
// unless somebody else's is shared; and every poll that cannot be coalesced.
func watched(first, live calls) calls {
	return func(s *observe.Sums) float64 {
		polls := float64(s.Polls)
		stays := float64(s.Bypassed+max(s.SetsCookie, s.NoStore)) / polls
		arrivals := ofAll(s, float64(s.Visits)) * (max(1, s.TabsEach()) + first(s)/polls)
		return polls*stays + (1-stays)*(live(s)+arrivals)
	}
}

// saves returns the prediction for a setting; the zero estimate where there is
// none.
func (a *Advice) saves(stage, share string) Estimate {
	for _, p := range a.Predictions {
		if p.Stage == stage && p.Share == share {
			return p.Reduction
		}
	}
	return Estimate{}
}
