package ledger_test

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pollard-proxy/pollard/ledger"
)

// endpointSeries returns what is scraped of each endpoint, as "healthy pending".
func endpointSeries(t *testing.T, all ...ledger.Endpoint) map[string]string {
	t.Helper()
	reg := prometheus.NewRegistry()
	ledger.New(reg).Endpoints(func() []ledger.Endpoint { return all })
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]map[string]float64{}
	for _, family := range families {
		values[family.GetName()] = map[string]float64{}
		for _, m := range family.GetMetric() {
			if len(m.GetLabel()) == 1 {
				values[family.GetName()][m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
			}
		}
	}
	series := map[string]string{}
	for address, pending := range values["pollard_upstream_endpoint_pending"] {
		series[address] = fmt.Sprint(values["pollard_upstream_endpoint_healthy"][address], " ", pending)
	}
	return series
}

func TestAnEndpointOfSeveralUpstreamsIsOneSeries(t *testing.T) {
	got := endpointSeries(t,
		ledger.Endpoint{Address: "b", Healthy: true, Pending: 1}, ledger.Endpoint{Address: "a", Healthy: true, Pending: 2},
		ledger.Endpoint{Address: "b", Pending: 3})
	if len(got) != 2 || got["a"] != "1 2" || got["b"] != "0 4" {
		t.Errorf("got %v, want a healthy with 2 and b not healthy with 4", got)
	}
}

func TestSeriesOfEndpointsAreBounded(t *testing.T) {
	var all []ledger.Endpoint
	for i := range 150 {
		all = append(all, ledger.Endpoint{Address: fmt.Sprintf("10.0.0.%03d:80", i), Healthy: i != 149, Pending: 1})
	}
	got := endpointSeries(t, all...)
	if len(got) != 101 || got["10.0.0.099:80"] != "1 1" || got["other"] != "0 50" {
		t.Errorf("got %d series, other %q; want 100 and one that stands for 50", len(got), got["other"])
	}
}
