package coalescer

import (
	"sync/atomic"
	"time"
)

// Under an adaptive interval each document is asked for at a distance that is a
// part of the time for which it has not changed (as RFC 9111 §4.2.2 has caches
// guess freshness): what is being worked on is asked for often, and what is
// finished ever more seldom. How large a part is the route's: it grows as long
// as enough of the changes are seen within the budget, and shrinks where they
// are not.

// seen is the share of changes that are to be seen within the budget.
const seen = 0.95

// The share of the time without a change, at first and its bounds, in
// thousandths.
const (
	firstPart = 100
	leastPart = 5
	mostPart  = 1000
)

// memory is how much a change counts beside those before it.
const memory = 0.02

// tempo is how a route adapts; its zero value is at the first part. It is safe
// for concurrent use: a change that is lost to another at the same moment is a
// change too few of many.
type tempo struct {
	part atomic.Int64 // thousandths; 0 is firstPart
	late atomic.Int64 // millionths of the changes that were seen too late, as remembered
}

// of returns the interval of a document that has not changed for so long.
func (t *tempo) of(unchanged time.Duration) time.Duration {
	return time.Duration(float64(unchanged) * float64(t.current()) / 1000)
}

func (t *tempo) current() int64 {
	if p := t.part.Load(); p != 0 {
		return p
	}
	return firstPart
}

// changed takes notice of a change that lay somewhere between two looks at the
// document, so far apart: it was seen within the budget with a probability of
// budget ÷ apart.
func (t *tempo) changed(apart, budget time.Duration) {
	missed := 0.0
	if apart > budget {
		missed = 1 - float64(budget)/float64(apart)
	}
	late := float64(t.late.Load()) / 1e6
	late += memory * (missed - late)
	t.late.Store(int64(late * 1e6))
	part := float64(t.current())
	switch {
	case late > 1-seen:
		part *= 0.9
	default:
		part = part*1.02 + 1
	}
	t.part.Store(int64(min(max(part, leastPart), mostPart)))
}

// slowness is how many times the time that upstream takes over an answer lies
// between two calls at least.
const slowness = 10

// adapted returns the interval of f under a route that adapts, at least what
// upstream and the route say.
func (f *Feed) adapted(r *Route, told time.Duration) time.Duration {
	i := r.Pace(told)
	if r.Staleness == 0 || f.snap == nil || f.since.IsZero() {
		return i
	}
	return min(max(i, r.tempo.of(f.asked.Sub(f.since)), slowness*f.took), r.MaxInterval)
}

// adapts takes notice of a new state, or of the same: s is what a call brought
// that began then, whichever instance made it.
func (f *Feed) adapts(s *Snapshot, r *Route, began time.Time) {
	if old := f.snap; f.since.IsZero() || old == nil || old.Tag != s.Tag {
		if old != nil && r.Staleness > 0 {
			r.tempo.changed(began.Sub(f.asked), r.Staleness)
		}
		f.since = began
	}
}
