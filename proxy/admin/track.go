package admin

import (
	"time"

	"github.com/pollard-proxy/pollard/ledger"
)

// How many outcomes and reasons there are.
const (
	outcomes = ledger.Failed + 1
	reasons  = ledger.Pass + 1
)

// reading is what the ledger says of a route at one time.
type reading struct {
	polls    [outcomes]uint64
	calls    [reasons]uint64
	avoided  float64
	watchers int
	ages     ledger.Ages
}

func read(counts *ledger.Route) reading {
	t := counts.Totals()
	r := reading{avoided: t.Avoided, watchers: counts.Watchers(), ages: counts.Ages()}
	for o := range outcomes {
		r.polls[o] = t.ByOutcome[o]
	}
	for reason := range reasons {
		r.calls[reason] = t.ByReason[reason]
	}
	return r
}

func (r *reading) sumPolls() (sum uint64) {
	for _, n := range r.polls {
		sum += n
	}
	return sum
}

func (r *reading) sumCalls() (sum uint64) {
	for _, n := range r.calls {
		sum += n
	}
	return sum
}

// slot is what was counted between two readings.
type slot struct {
	end      time.Duration // since the history began
	took     time.Duration
	polls    [outcomes]uint32
	calls    [reasons]uint32
	avoided  float64
	watchers int // at the end
	age      struct{ p50, p99 float32 }
}

// unserved is the age in a slot in which nothing was served.
const unserved = -1

// track is the hour of one route: the slots, and what stood before the oldest.
type track struct {
	slots      []slot // a ring once it is full
	next       int    // where the next slot goes, once it is
	start, end time.Duration
	first      reading // at start
	last       reading // at end
}

// add ends a slot with a reading. The oldest makes room.
func (t *track) add(now time.Duration, r reading) {
	s := slot{end: now, took: now - t.end, avoided: r.avoided - t.last.avoided, watchers: r.watchers}
	served := r.ages.Since(t.last.ages)
	s.age.p50, s.age.p99 = age(served, 0.5), age(served, 0.99)
	for o := range outcomes {
		s.polls[o] = uint32(r.polls[o] - t.last.polls[o])
	}
	for reason := range reasons {
		s.calls[reason] = uint32(r.calls[reason] - t.last.calls[reason])
	}
	t.end, t.last = now, r
	if len(t.slots) < slots {
		t.slots = append(t.slots, s)
		return
	}
	t.forget(&t.slots[t.next])
	t.slots[t.next] = s
	t.next = (t.next + 1) % slots
}

func age(served ledger.Ages, q float64) float32 {
	if v, ok := served.Quantile(q); ok {
		return float32(v)
	}
	return unserved
}

// forget moves the beginning past the oldest slot.
func (t *track) forget(s *slot) {
	t.start = s.end
	t.first.avoided += s.avoided
	for o := range outcomes {
		t.first.polls[o] += uint64(s.polls[o])
	}
	for reason := range reasons {
		t.first.calls[reason] += uint64(s.calls[reason])
	}
}

// newest returns copies of at most n slots, the oldest first.
func (t *track) newest(n int) []slot {
	all := append(append([]slot(nil), t.slots[t.next:]...), t.slots[:t.next]...)
	return all[max(0, len(all)-n):]
}
