package ledger

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Certificates exports when certificates end, by role, and whether upstream goes
// unverified. Both functions are called whenever the metrics are scraped, and must
// be quick and safe for concurrent use. It panics if there are some already.
func (l *Ledger) Certificates(ends func() map[string]time.Time, unverified func() bool) {
	m := Metrics()
	l.registry.MustRegister(certificates{describe(m[certificateNotAfterSeconds]), ends})
	l.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: m[upstreamUnverified].Name, Help: m[upstreamUnverified].Help,
	}, func() float64 {
		if unverified() {
			return 1
		}
		return 0
	}))
}

// certificates are read at each scrape: what open connections were made with
// changes without anybody's word.
type certificates struct {
	about *prometheus.Desc
	ends  func() map[string]time.Time
}

func describe(m Metric) *prometheus.Desc {
	return prometheus.NewDesc(m.Name, m.Help, m.Labels, nil)
}

// Describe implements [prometheus.Collector].
func (c certificates) Describe(out chan<- *prometheus.Desc) { out <- c.about }

// Collect implements [prometheus.Collector].
func (c certificates) Collect(out chan<- prometheus.Metric) {
	for role, end := range c.ends() {
		out <- prometheus.MustNewConstMetric(c.about, prometheus.GaugeValue, float64(end.Unix()), role)
	}
}
