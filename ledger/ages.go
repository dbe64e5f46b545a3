package ledger

import (
	"fmt"
	"math"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Ages are how old what was served was, by the buckets of the staleness histogram:
// since the start, or between two readings.
type Ages []AgeBucket

// An AgeBucket is how much of what was served was no older than UpTo, and older than
// the bucket before says.
type AgeBucket struct {
	UpTo   float64 // seconds; +Inf in the last
	Served uint64
}

// Ages returns how old what was served was, since the start.
func (r *Route) Ages() Ages {
	var m dto.Metric
	if err := r.staleness.(prometheus.Metric).Write(&m); err != nil {
		panic(fmt.Sprintf("ledger: reading a histogram: %v", err)) // no histogram of ours can fail
	}
	h := m.GetHistogram()
	ages := make(Ages, 0, len(h.GetBucket())+1)
	var below uint64
	for _, b := range h.GetBucket() {
		ages = append(ages, AgeBucket{b.GetUpperBound(), b.GetCumulativeCount() - below})
		below = b.GetCumulativeCount()
	}
	return append(ages, AgeBucket{math.Inf(1), h.GetSampleCount() - below})
}

// Since returns the ages of what was served after an earlier reading; nil stands for
// that of the start.
func (a Ages) Since(earlier Ages) Ages {
	later := make(Ages, len(a))
	for i, b := range a {
		if i < len(earlier) {
			b.Served -= earlier[i].Served
		}
		later[i] = b
	}
	return later
}

// Quantile returns the age below which the share q of what was served was, in
// seconds, interpolated within the bucket; of what is older than the last bound of
// all, that bound. It is ok where something was served.
func (a Ages) Quantile(q float64) (seconds float64, ok bool) {
	var all uint64
	for _, b := range a {
		all += b.Served
	}
	rank := q * float64(all)
	var below, from float64
	for _, b := range a {
		served := float64(b.Served)
		if math.IsInf(b.UpTo, 1) {
			break
		}
		if served > 0 && below+served >= rank {
			return from + (b.UpTo-from)*(rank-below)/served, true
		}
		below, from = below+served, b.UpTo
	}
	return from, all > 0
}
