package coalescer

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/pollard-proxy/pollard/ledger"
)

// Share says what may cross between different identities.
type Share uint8

// The sharing rules, from the safest up.
const (
	Nothing    Share = iota // each identity has its own document and its own revalidation
	Changes                 // the news that something changed, never a body
	Verified                // the news that nothing changed, between those who were given the same bytes
	Everything              // the body: the operator says that it is public
)

func (s Share) String() string {
	return [...]string{"nothing", "changes", "verified", "everything"}[s]
}

// Policy is what the operator decided for a route. It does not change; a
// reload makes new policies, and documents live on under them.
type Policy struct {
	Share Share
	// StorePrivate has the instances of a fleet share what is of one identity, too, each
	// with itself: only where Share is Nothing.
	StorePrivate bool

	Interval    time.Duration // between upstream calls for one document where upstream gives no Poll-Interval
	MinInterval time.Duration // lower bound of the interval
	MaxInterval time.Duration // upper bound of the interval

	SafetyInterval time.Duration // between upstream calls for one document while news cover the route; shorter ones stretch nothing
	// Staleness, where it is not 0, has each document find its own interval,
	// within these bounds and no shorter than upstream wants it: such that 95 %
	// of the route's changes are seen within this.
	Staleness time.Duration

	Timeout      time.Duration // upstream must have answered, body included, within
	MaxBody      int64         // bytes; larger bodies are streamed to their reader and not stored
	StaleIfError time.Duration // the last good answer covers for a failing upstream this long; 0 is not at all
	Audit        time.Duration // a body is given out with 200 only this long after upstream gave it with 200; ten times this ends a run of 304s
	TagFromBody  bool          // compute an entity tag where upstream sends none
	Lease        time.Duration // a watch, and under Verified every document, is proven anew this often, by an unconditional call as its client
}

// Route is a [Policy] in force: with its counts, and with the names of the
// request fields that its responses were seen to vary on.
type Route struct {
	Policy
	Name   string
	Counts *ledger.Route

	// Keyed reports whether the request field, in canonical form, is always a
	// part of the keys of this route.
	Keyed func(field string) bool

	// SaysWho reports whether the request field, in canonical form, is a part
	// of the identity.
	SaysWho func(field string) bool

	Coverage *Coverage // whether news cover the route; nil where they never do

	tempo tempo
	vary  atomic.Pointer[[]string]
	quiet quiet
}

// maxVary bounds how many fields a route can learn from Vary; an upstream that
// names more varies on everything, for us.
const maxVary = 16

// Vary returns the names of request fields, sorted and in canonical form, that
// responses of this route vary on beyond those that are always in its keys.
// Key builders add the values of these fields. The slice must not be changed.
func (r *Route) Vary() []string {
	if names := r.vary.Load(); names != nil {
		return *names
	}
	return nil
}

// Inherit takes over what an earlier route of the same name had learnt, so
// that a reload does not forget it.
func (r *Route) Inherit(from *Route) {
	if from != nil {
		r.vary.Store(from.vary.Load())
		r.tempo.part.Store(from.tempo.part.Load())
		r.tempo.late.Store(from.tempo.late.Load())
		r.quiet.since.Store(from.quiet.since.Load())
		r.Coverage = from.Coverage
	}
}

// learn adds names to the fields that the route's keys are made of, and
// reports whether there is room for them.
func (r *Route) learn(names []string) bool {
	for {
		old := r.vary.Load()
		merged := slices.Clone(r.Vary())
		for _, name := range names {
			if i, found := slices.BinarySearch(merged, name); !found {
				merged = slices.Insert(merged, i, name)
			}
		}
		if len(merged) > maxVary {
			return false
		}
		if r.vary.CompareAndSwap(old, &merged) {
			return true
		}
	}
}

// Pace returns how long the snapshot with these fields may be used before
// upstream is asked again.
func (p *Policy) Pace(pollInterval time.Duration) time.Duration {
	i := p.Interval
	if pollInterval > 0 {
		i = pollInterval
	}
	return min(max(i, p.MinInterval), p.MaxInterval)
}
