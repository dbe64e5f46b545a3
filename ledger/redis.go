package ledger

import "github.com/prometheus/client_golang/prometheus"

// Redis are the figures of the Redis that instances share, read whenever the
// metrics are scraped. All must be quick and safe for concurrent use.
type Redis struct {
	Up       func() float64 // 1 while it is used, 0 while this instance coalesces for itself
	Hints    func() float64 // 1 while news of other instances come without being asked for
	Commands func() float64 // that were sent, in all
	Dropped  func() float64 // publications that were never sent, in all
	Evicted  func() float64 // keys that Redis has evicted, since it started
	Joined   func() float64 // 1 while the rollout is the fleet's
}

// Redis exports r. It panics if there is one already.
func (l *Ledger) Redis(r Redis) {
	m := Metrics()
	gauge := func(m Metric, read func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: m.Name, Help: m.Help}, read)
	}
	counter := func(m Metric, read func() float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, read)
	}
	l.registry.MustRegister(
		gauge(m[redisUp], r.Up),
		gauge(m[redisHints], r.Hints),
		counter(m[redisCommandsTotal], r.Commands),
		counter(m[redisDroppedTotal], r.Dropped),
		gauge(m[redisEvictedKeys], r.Evicted),
		gauge(m[rolloutJoined], r.Joined),
	)
}
