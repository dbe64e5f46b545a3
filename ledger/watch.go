package ledger

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A Transport is how a subscription is told what is new. It is the label in
// metrics.
type Transport string

// The transports.
const (
	WebSocket   Transport = "websocket"
	Events      Transport = "events" // server-sent events
	ActionCable Transport = "actioncable"
)

// A Delivery is what became of a state that a subscription was to be told. It is
// the label in metrics.
type Delivery string

// The results of a delivery.
const (
	Delivered   Delivery = "delivered" // the frame was written
	Undelivered Delivery = "failed"    // the client took it in too slowly, or had gone
	Skipped     Delivery = "skipped"   // a newer one came before it could be told
)

func transports() []Transport { return []Transport{WebSocket, Events, ActionCable} }
func deliveries() []Delivery  { return []Delivery{Delivered, Undelivered, Skipped} }

// watchers are the open subscriptions of a route, and the polls that they do not
// send. They are counted whenever somebody looks, so that the counter rises while
// subscriptions are open.
type watchers struct {
	// Set by newRoute, then read-only.
	open    map[Transport]prometheus.Gauge
	avoided prometheus.Counter

	mu       sync.Mutex
	count    int           // guarded by mu
	told     int           // of those, the ones that were told an interval of their own; guarded by mu
	rate     float64       // what these would poll, per second; guarded by mu
	interval time.Duration // of the others; guarded by mu
	since    time.Time     // up to when polls have been counted; guarded by mu
}

// add changes the number of open subscriptions.
func (w *watchers) add(t Transport, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.accrue(time.Now())
	w.count += n
	w.open[t].Add(float64(n))
}

// settle counts the polls avoided up to now.
func (w *watchers) settle() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.accrue(time.Now())
}

func (w *watchers) setInterval(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.accrue(time.Now())
	w.interval = d
}

// accrue is called with mu held.
func (w *watchers) accrue(now time.Time) {
	rate := w.rate
	if w.interval > 0 {
		rate += float64(w.count-w.told) / w.interval.Seconds()
	}
	if w.count > 0 {
		w.avoided.Add(max(0, rate) * now.Sub(w.since).Seconds())
	}
	w.since = now
}

// tell changes the interval that one has been told; 0 is none of its own.
func (w *watchers) tell(before, after time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.accrue(time.Now())
	if before > 0 {
		w.told--
		w.rate -= 1 / before.Seconds()
	}
	if after > 0 {
		w.told++
		w.rate += 1 / after.Seconds()
	}
	if w.told == 0 {
		w.rate = 0 // sums of fractions drift
	}
}

// Interval sets the interval at which each open subscription of r would poll that was
// told none. Without one, these avoid nothing.
func (r *Route) Interval(d time.Duration) { r.watchers.setInterval(d) }

// Watch counts a subscription that is open until [Watching.Done]. Meanwhile it
// avoids polls: those of [Route.Interval], unless it is told an interval of its own.
// The transport is one of the constants.
func (r *Route) Watch(t Transport) *Watching {
	r.watchers.add(t, 1)
	return &Watching{route: r, transport: t}
}

// Watching is an open subscription. It belongs to one goroutine at a time.
type Watching struct {
	route     *Route
	transport Transport
	every     time.Duration
}

// Every says at which interval the subscription would poll by what it was told last;
// 0 where that says nothing.
func (w *Watching) Every(d time.Duration) {
	if d != w.every {
		w.route.watchers.tell(w.every, d)
		w.every = d
	}
}

// Done ends the counting; it is called once.
func (w *Watching) Done() {
	w.Every(0)
	w.route.watchers.add(w.transport, -1)
}

// Watchers returns how many subscriptions are open.
func (r *Route) Watchers() int {
	r.watchers.mu.Lock()
	defer r.watchers.mu.Unlock()
	return r.watchers.count
}

// Delivered counts a state that a subscription was to be told.
func (r *Route) Delivered(t Transport, result Delivery) { r.deliveries[t][result].Inc() }

// Skipped counts states that a subscription was not told because newer ones came.
func (r *Route) Skipped(t Transport, states uint64) { r.deliveries[t][Skipped].Add(float64(states)) }

// Delivery records how long it took from when a change was seen until a subscription's
// frame was written.
func (r *Route) Delivery(d time.Duration) { r.delivery.Observe(d.Seconds()) }

// Refused counts a subscription that was refused before upstream was asked. The reason
// must be a constant of the caller.
func (r *Route) Refused(reason string) { r.refused.WithLabelValues(reason).Inc() }

// settled is the counter of the polls avoided, up to date whenever it is scraped.
type settled struct {
	prometheus.Collector
	routes func() []*Route
}

func (s settled) Collect(to chan<- prometheus.Metric) {
	for _, r := range s.routes() {
		r.watchers.settle()
	}
	s.Collector.Collect(to)
}
