package ledger

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Totals are the counts of a route since the process started, read from the counters
// that are scraped. Polls and Upstream are the sums of what stands beside them; counts
// that change while they are read may miss each other by the requests in flight.
type Totals struct {
	Polls    uint64  // polls received
	Upstream uint64  // requests that reached the upstream
	Avoided  float64 // modelled: polls that watchers would have sent

	ByOutcome map[Outcome]uint64 // every outcome
	ByReason  map[Reason]uint64  // every reason
	Bypass    map[string]uint64  // the reasons for a bypass that have occurred
}

// Totals returns the counts of r up to now.
func (r *Route) Totals() Totals {
	r.watchers.settle()
	t := Totals{
		Avoided:   value(r.avoided),
		ByOutcome: make(map[Outcome]uint64, outcomes),
		ByReason:  make(map[Reason]uint64, reasons),
		Bypass:    r.bypass.counts(),
	}
	for o := range outcomes {
		t.ByOutcome[o] = count(r.polls[o])
		t.Polls += t.ByOutcome[o]
	}
	for reason := range reasons {
		t.ByReason[reason] = count(r.upstream[reason])
		t.Upstream += t.ByReason[reason]
	}
	return t
}

// Reduction returns the part of the polls that the upstream was spared: 1 − upstream ÷
// (polls + avoided). Without avoided polls it is measured; with them it is partly
// modelled. It is negative when the upstream got more requests than there were polls.
// Before the first poll there is no reduction, which is not the same as none: ok is
// false.
func Reduction(polls, upstream uint64, avoided float64) (value float64, ok bool) {
	wanted := float64(polls) + avoided
	if wanted <= 0 {
		return 0, false
	}
	return 1 - float64(upstream)/wanted, true
}

// count returns the value of a counter that only ever rose by one, which is exact up
// to 2^53.
func count(c prometheus.Counter) uint64 { return uint64(value(c)) }

// value returns the value of c.
func value(c prometheus.Counter) float64 {
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		panic(fmt.Sprintf("ledger: reading a counter: %v", err)) // no counter of ours can fail
	}
	return m.GetCounter().GetValue()
}
