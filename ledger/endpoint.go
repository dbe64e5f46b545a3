package ledger

import (
	"cmp"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// maxEndpoints bounds the series of each metric of endpoints. Those beyond it, in the order
// of their addresses, are Other together.
const maxEndpoints = 100

// An Endpoint is how one of those behind the upstream is at the moment.
type Endpoint struct {
	Address string
	Healthy bool
	Pending int64 // requests under way
}

// Endpoints exports how endpoints are. The function is called whenever the metrics are
// scraped, and must be quick and safe for concurrent use. It panics if there are some
// already.
func (l *Ledger) Endpoints(all func() []Endpoint) {
	m := Metrics()
	l.registry.MustRegister(endpoints{describe(m[endpointHealthy]), describe(m[endpointPending]), all})
}

// endpoints are read at each scrape: one that has gone has no series any more.
type endpoints struct {
	healthy, pending *prometheus.Desc
	all              func() []Endpoint
}

// Describe implements [prometheus.Collector].
func (c endpoints) Describe(out chan<- *prometheus.Desc) {
	out <- c.healthy
	out <- c.pending
}

// Collect implements [prometheus.Collector].
func (c endpoints) Collect(out chan<- prometheus.Metric) {
	for _, e := range folded(c.all()) {
		isHealthy := 0.0
		if e.Healthy {
			isHealthy = 1
		}
		out <- prometheus.MustNewConstMetric(c.healthy, prometheus.GaugeValue, isHealthy, e.Address)
		out <- prometheus.MustNewConstMetric(c.pending, prometheus.GaugeValue, float64(e.Pending), e.Address)
	}
}

// folded returns one endpoint per address, and no more than maxEndpoints and Other.
func folded(all []Endpoint) []Endpoint {
	all = slices.SortedFunc(slices.Values(all), func(a, b Endpoint) int { return cmp.Compare(a.Address, b.Address) })
	var few []Endpoint
	for _, e := range all {
		last := len(few) - 1
		if last < 0 || few[last].Address != e.Address && len(few) <= maxEndpoints {
			if len(few) == maxEndpoints {
				e.Address = Other
			}
			few = append(few, e)
			continue
		}
		few[last].Healthy = few[last].Healthy && e.Healthy
		few[last].Pending += e.Pending
	}
	return few
}
