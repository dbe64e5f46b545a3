package advice

import (
	"strconv"
	"time"

	"github.com/pollard-proxy/pollard/rollout/observe"
)

// Advice is what is known of one route, or of URLs that could be one, and what
// to do about it.
type Advice struct {
	Route   string `json:"route"`             // its name; for URLs on no route, one that it could have
	IsNew   bool   `json:"is_new"`            // these URLs are on no route
	Path    string `json:"path,omitempty"`    // pattern that covers them; for a route it is left to the caller
	Example string `json:"example,omitempty"` // one of the URLs on no route

	Since time.Time `json:"since"`
	Until time.Time `json:"until"`

	Polls      uint64  `json:"polls"`
	IsPolled   bool    `json:"is_polled"`
	Documents  uint64  `json:"documents"`  // to 7 %
	Identities uint64  `json:"identities"` // to 7 %
	Watchers   float64 `json:"watchers"`   // tabs at a document while any is there: N
	TabsEach   float64 `json:"tabs_each"`  // of them, of one identity
	PaceMS     Pace    `json:"pace_ms"`    // what clients keep
	// Changes is how often a document changes while somebody is there, per hour.
	Changes     float64 `json:"changes_per_hour"`
	NotModified float64 `json:"not_modified"` // share of polls answered with 304

	Share    string `json:"share"`              // what may be shared on this evidence: nothing or changes
	Question string `json:"question,omitempty"` // what only the operator can know
	Pairs    Pairs  `json:"pairs"`
	DryRun   DryRun `json:"dry_run"`

	// IsUnguarded says that upstream answers 304 before it authenticates; if it is
	// false, that is not known.
	IsUnguarded bool `json:"answers_304_before_authenticating"`

	IntervalMS  int64        `json:"interval_ms"`
	TagFromBody bool         `json:"etag_from_body"` // set `etag: body`
	Predictions []Prediction `json:"predictions"`

	Reasons []string `json:"reasons"` // sentences, the weightiest first
	Needs   []string `json:"needs"`   // what more traffic would tell

	Retirement *Retirement `json:"retirement,omitempty"` // left to the caller: traffic does not tell
}

// Pace is the 10th, 50th and 90th of a hundred clients, in milliseconds.
type Pace struct {
	Low    int64 `json:"low"`
	Median int64 `json:"median"`
	High   int64 `json:"high"`
}

// Pairs are answers to two identities within one interval, at one URL.
type Pairs struct {
	Same       uint64 `json:"same"`
	Differed   uint64 `json:"differed"`
	Unresolved uint64 `json:"unresolved"`
	Identities uint64 `json:"identities"` // that were compared, to 7 %
}

// DryRun is what coalescing as the route is set would have answered.
type DryRun struct {
	Match    uint64 `json:"match"`
	Late     uint64 `json:"late"`
	Mismatch uint64 `json:"mismatch"`
}

// leastPolls is how many polls must have been seen before anything is predicted.
const leastPolls = 100

// For returns what e says.
func For(e observe.Evidence) Advice {
	a := facts(&e)
	a.IntervalMS = interval(&e).Milliseconds()
	a.TagFromBody = e.Untagged*2 > e.Polls-min(e.Polls, e.NotModified)
	if e.Polls < leastPolls {
		a.Share, a.Reasons = "nothing", append(a.Reasons, "too few polls were seen to say anything")
		a.Needs = append(a.Needs, needs(e.Polls, leastPolls, &e, "poll"))
		return a
	}
	a.Predictions = predictions(&e)
	a.judgePolling(&e)
	a.judgeShare(&e)
	a.judgeAnswers(&e)
	a.judgeRequests(&e)
	return a
}

// All returns advice on each, no two with one name.
func All(evidence []observe.Evidence) []Advice {
	all := make([]Advice, len(evidence))
	taken := map[string]bool{}
	for i, e := range evidence {
		all[i] = For(e)
		name := all[i].Route
		for n := 2; taken[all[i].Route]; n++ {
			all[i].Route = name + "_" + strconv.Itoa(n)
		}
		taken[all[i].Route] = true
	}
	return all
}

func facts(e *observe.Evidence) Advice {
	a := Advice{
		Route: e.Route, IsNew: e.Route == "", Path: e.Pattern, Example: e.Example,
		Since: e.Since, Until: e.Until,
		Polls: e.Polls, Documents: e.Documents, Identities: e.Identities,
		Watchers: e.Watchers(), TabsEach: e.TabsEach(),
		PaceMS: Pace{e.Pace.Low.Milliseconds(), e.Pace.Median.Milliseconds(), e.Pace.High.Milliseconds()},
		Pairs:  Pairs{e.Same, e.Differed, e.Unresolved, e.Compared},
		DryRun: DryRun{e.Match, e.Late, e.Mismatch}, IsUnguarded: e.Unguarded > 0,
	}
	if a.IsNew {
		a.Route = name(e.Pattern)
	}
	if hours := e.Open.Hours(); hours > 0 {
		a.Changes = float64(e.Changes) / hours
	}
	if e.Polls > 0 {
		a.NotModified = share(e.NotModified, e.Polls)
	}
	return a
}

// interval returns the interval to use: the upstream's, else what the clients
// keep.
func interval(e *observe.Evidence) time.Duration {
	switch {
	case e.PollInterval > time.Millisecond:
		return min(max(e.PollInterval, time.Second), time.Minute)
	case e.Pace.Median > 0:
		return observe.Round(e.Pace.Median)
	}
	return e.Interval
}

func share(n, of uint64) float64 { return float64(n) / float64(of) }
