// Package ledger counts what Pollard does and what it spares: every request
// answered, every upstream call made, every update delivered. It owns the name, the
// help and the labels of every metric.
//
// It knows nothing of how anything works, and no decision reads it: a wrong figure
// must not become wrong behaviour.
//
// Labels are bounded by construction: route names come from the configuration, and
// what comes from a client is capped (see [Route.Bypass]).
package ledger

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Other is the name of the route of everything that matches none.
const Other = "other"

// A Ledger holds the metrics of one instance. All its methods, and those of its
// routes, are safe for concurrent use.
type Ledger struct {
	// Set by New, then read-only.
	registry       *prometheus.Registry
	saturation     Metric
	polls          *prometheus.CounterVec
	took           *prometheus.HistogramVec
	upstream       *prometheus.CounterVec
	avoided        *prometheus.CounterVec
	bypass         *prometheus.CounterVec
	staleness      *prometheus.HistogramVec
	watchers       *prometheus.GaugeVec
	deliveries     *prometheus.CounterVec
	delivery       *prometheus.HistogramVec
	refused        *prometheus.CounterVec
	limited        *prometheus.CounterVec
	news           *prometheus.CounterVec
	newsDelay      *prometheus.HistogramVec
	newsAlive      *prometheus.GaugeVec
	stage          *prometheus.GaugeVec
	percent        *prometheus.GaugeVec
	killed         prometheus.Gauge
	verdict        *prometheus.GaugeVec
	falls          *prometheus.CounterVec
	checks         *prometheus.CounterVec
	compared       *prometheus.GaugeVec
	reloadFailures prometheus.Counter

	mu     sync.Mutex
	routes map[string]*Route // guarded by mu
	rungs  map[string]Rung   // those last recorded; guarded by mu
}

// New returns a Ledger whose metrics, with those of the Go runtime and of the
// process, are registered with reg. It panics if reg has any of them already.
func New(reg *prometheus.Registry) *Ledger {
	m := Metrics()
	l := &Ledger{
		registry:       reg,
		saturation:     m[saturationRatio],
		polls:          counters(m[pollsTotal]),
		took:           pollHistograms(m[pollSeconds]),
		upstream:       counters(m[upstreamRequestsTotal]),
		avoided:        counters(m[pollsAvoidedTotal]),
		bypass:         counters(m[bypassTotal]),
		staleness:      stalenessHistograms(m[stalenessSeconds]),
		watchers:       gauges(m[openWatchers]),
		deliveries:     counters(m[deliveriesTotal]),
		delivery:       deliveryHistograms(m[deliverySeconds]),
		refused:        counters(m[subscriptionsRefusedTotal]),
		limited:        counters(m[limitRefusalsTotal]),
		news:           counters(m[newsTotal]),
		newsDelay:      deliveryHistograms(m[newsDelaySeconds]),
		newsAlive:      gauges(m[newsAlive]),
		stage:          gauges(m[rolloutStage]),
		percent:        gauges(m[rolloutPercent]),
		killed:         gauges(m[killed]).WithLabelValues(),
		verdict:        gauges(m[guardVerdict]),
		falls:          counters(m[guardFallsTotal]),
		checks:         counters(m[checksTotal]),
		compared:       gauges(m[reductionCompared]),
		reloadFailures: counters(m[configReloadFailuresTotal]).WithLabelValues(),
		routes:         make(map[string]*Route),
	}
	reg.MustRegister(
		l.polls, l.took, l.upstream, settled{l.avoided, l.all}, l.bypass, l.staleness, l.reloadFailures,
		l.watchers, l.deliveries, l.delivery, l.refused, l.stage, l.percent, l.killed,
		l.news, l.newsDelay, l.newsAlive, l.verdict, l.falls, l.checks, l.compared, l.limited,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return l
}

// Route returns the counts of the route called name, which it creates at first:
// from then on every outcome and reason has its series, at 0, so that sums and rates
// are right from the first poll. A route keeps its series until the process ends,
// also when a reload removes it from the configuration: a counter that vanishes and
// comes back reads as a restart.
func (l *Ledger) Route(name string) *Route {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok := l.routes[name]
	if !ok {
		r = newRoute(l, name)
		l.routes[name] = r
	}
	return r
}

// all returns the routes there are.
func (l *Ledger) all() []*Route {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Values(l.routes))
}

// Saturation exports used() ÷ limit() for a bounded component, whenever the metrics
// are scraped. A limit of 0 or less means unbounded and exports 0. Both functions
// must be quick and safe for concurrent use. It panics if component is there
// already.
func (l *Ledger) Saturation(component string, used, limit func() float64) {
	ratio := func() float64 {
		bound := limit()
		if bound <= 0 {
			return 0
		}
		return used() / bound
	}
	l.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        l.saturation.Name,
		Help:        l.saturation.Help,
		ConstLabels: prometheus.Labels{l.saturation.Labels[0]: component},
	}, ratio))
}

// Limited counts a connection or a request that was refused because of a limit, which
// must be a constant of the caller: the limit's key in the configuration, if it has one.
func (l *Ledger) Limited(limit string) { l.limited.WithLabelValues(limit).Inc() }

// ReloadFailed counts a reload that was refused.
func (l *Ledger) ReloadFailed() { l.reloadFailures.Inc() }

func counters(m Metric) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
}

func gauges(m Metric) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: m.Name, Help: m.Help}, m.Labels)
}

// stalenessHistograms spans what is asked of it: from a hit in the first moments of
// an interval, over intervals of seconds, to minutes of a failing upstream.
func stalenessHistograms(m Metric) *prometheus.HistogramVec {
	return histograms(m, []float64{.01, .05, .1, .25, .5, 1, 2, 3, 5, 7.5, 10, 15, 30, 60, 120, 300})
}

// deliveryHistograms spans a frame written at once, and the last of very many to be
// written.
func deliveryHistograms(m Metric) *prometheus.HistogramVec {
	return histograms(m, []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10})
}

// pollHistograms spans an answer from memory and an upstream that is too slow. They
// are classic alone: they are on the path of every poll.
func pollHistograms(m Metric) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: m.Name, Help: m.Help, Buckets: []float64{.001, .005, .025, .1, .25, .5, 1, 2.5, 10},
	}, m.Labels)
}

// histograms have these buckets for everybody and, for a Prometheus that asks for
// them, native ones, each a tenth wider than the one before. Beyond 100 of these they
// are made wider: memory is bounded, resolution is what gives way.
func histograms(m Metric, buckets []float64) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:                            m.Name,
		Help:                            m.Help,
		Buckets:                         buckets,
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  100,
		NativeHistogramMinResetDuration: time.Hour,
	}, m.Labels)
}
