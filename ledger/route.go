package ledger

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A Route holds the counts of one route. Poll, Took, Upstream and Staleness are on the path
// of every poll: they touch series that were resolved when the Route was created,
// and neither lock nor allocate.
type Route struct {
	// Set by newRoute, then read-only.
	polls     [outcomes]prometheus.Counter
	took      struct{ memory, upstream prometheus.Observer }
	upstream  [reasons]prometheus.Counter
	avoided   prometheus.Counter
	staleness prometheus.Observer

	deliveries map[Transport]map[Delivery]prometheus.Counter
	delivery   prometheus.Observer
	refused    *prometheus.CounterVec
	checks     *prometheus.CounterVec
	news       *prometheus.CounterVec
	newsDelay  prometheus.ObserverVec
	newsAlive  *prometheus.GaugeVec

	bypass   bypasses
	watchers watchers
}

func newRoute(l *Ledger, name string) *Route {
	r := &Route{
		avoided:    l.avoided.WithLabelValues(name),
		staleness:  l.staleness.WithLabelValues(name),
		deliveries: make(map[Transport]map[Delivery]prometheus.Counter),
		delivery:   l.delivery.WithLabelValues(name),
		refused:    l.refused.MustCurryWith(prometheus.Labels{"route": name}),
		checks:     l.checks.MustCurryWith(prometheus.Labels{"route": name}),
		news:       l.news.MustCurryWith(prometheus.Labels{"route": name}),
		newsDelay:  l.newsDelay.MustCurryWith(prometheus.Labels{"route": name}),
		newsAlive:  l.newsAlive.MustCurryWith(prometheus.Labels{"route": name}),
		bypass:     newBypasses(l.bypass, name),
	}
	r.took.memory, r.took.upstream = l.took.WithLabelValues(name, "memory"), l.took.WithLabelValues(name, "upstream")
	r.watchers = watchers{avoided: r.avoided, open: make(map[Transport]prometheus.Gauge)}
	for _, t := range transports() {
		r.watchers.open[t] = l.watchers.WithLabelValues(name, string(t))
		r.deliveries[t] = make(map[Delivery]prometheus.Counter)
		for _, result := range deliveries() {
			r.deliveries[t][result] = l.deliveries.WithLabelValues(name, string(t), string(result))
		}
	}
	for o := range outcomes {
		r.polls[o] = l.polls.WithLabelValues(name, o.String())
	}
	for reason := range reasons {
		r.upstream[reason] = l.upstream.WithLabelValues(name, reason.String())
	}
	return r
}

// Poll counts a poll that ended with o. Call it once per poll, when it is answered or
// abandoned.
func (r *Route) Poll(o Outcome) { r.polls[o].Inc() }

// Took records how long a poll that ended with o had to wait for its answer, if it
// has one.
func (r *Route) Took(o Outcome, t time.Duration) {
	switch o {
	case Hit:
		r.took.memory.Observe(t.Seconds())
	case Failed:
	default:
		r.took.upstream.Observe(t.Seconds())
	}
}

// Upstream counts a request as soon as its first byte is written to the upstream:
// once per attempt.
func (r *Route) Upstream(reason Reason) { r.upstream[reason].Inc() }

// Bypass counts a poll that was not coalesced for reason. A reason that begins with
// "header:" names a request field, which the client chose: at most 48 of them are
// counted by name, each a token of at most 64 bytes, and the rest as "header:other".
// Every other reason must be a constant of the caller.
func (r *Route) Bypass(reason string) { r.bypass.counter(reason).Inc() }

// Staleness records the age of what was served or delivered.
func (r *Route) Staleness(age time.Duration) { r.staleness.Observe(age.Seconds()) }

// Avoided adds polls that watchers would have sent. They are modelled: fractions are
// kept, and what no model can mean (negative, infinite, not a number) adds nothing.
func (r *Route) Avoided(polls float64) {
	if polls > 0 && !math.IsInf(polls, 1) {
		r.avoided.Add(polls)
	}
}
