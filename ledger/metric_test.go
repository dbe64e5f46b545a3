package ledger_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/pollard-proxy/pollard/ledger"
)

// withEverySeries returns a registry in which every metric has a series: most have one
// from the start, some only once there is something to say.
func withEverySeries(t *testing.T) *prometheus.Registry {
	t.Helper()
	reg := prometheus.NewRegistry()
	l := ledger.New(reg)
	l.Route("issues").Bypass("range")
	l.Route("issues").Refused("watchers")
	l.Route("issues").News(ledger.Writes, 1)
	l.Route("issues").NewsDelay(ledger.Writes, time.Millisecond)
	l.Route("issues").NewsAlive(true)
	l.Rollout(map[string]ledger.Rung{"issues": {}}, false)
	l.Redis(redisFigures())
	l.Route("issues").Checked(ledger.ShadowCheck, ledger.Matched, 1)
	l.Judged("issues", map[string]int{"errors": 1}, &ledger.Interval{})
	l.Fell("issues", "errors")
	l.Certificates(func() map[string]time.Time { return map[string]time.Time{"served": {}} }, func() bool { return false })
	l.Endpoints(func() []ledger.Endpoint { return []ledger.Endpoint{{Address: "10.0.0.1:3000", Healthy: true}} })
	l.Limited("connections_per_address")
	l.Saturation("connections", func() float64 { return 0 }, func() float64 { return 1 })
	return reg
}

// Documents are checked against Metrics, so Metrics must be what is scraped.
func TestMetricsDescribesExactlyWhatIsScraped(t *testing.T) {
	described := make(map[string]ledger.Metric)
	for _, m := range ledger.Metrics() {
		described[m.Name] = m
	}
	families, err := withEverySeries(t).Gather()
	if err != nil {
		t.Fatalf("scraping: %v", err)
	}
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "pollard_") {
			continue
		}
		m, ok := described[family.GetName()]
		if !ok {
			t.Errorf("%s is scraped but not described", family.GetName())
			continue
		}
		delete(described, m.Name)
		if got := family.GetHelp(); got != m.Help {
			t.Errorf("%s: got help %q, want %q", m.Name, got, m.Help)
		}
		var labels []string
		for _, label := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, label.GetName())
		}
		if want := slices.Sorted(slices.Values(m.Labels)); !slices.Equal(labels, want) {
			t.Errorf("%s: got labels %q, want %q", m.Name, labels, want)
		}
	}
	for name := range described {
		t.Errorf("%s is described but not scraped", name)
	}
}

// The linter is the one behind `promtool check metrics`.
func TestMetricsPassPrometheussOwnLinter(t *testing.T) {
	families, err := withEverySeries(t).Gather()
	if err != nil {
		t.Fatalf("scraping: %v", err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatalf("linting: %v", err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}

func TestHelpIsASentence(t *testing.T) {
	for _, m := range ledger.Metrics() {
		if !strings.HasSuffix(m.Help, ".") {
			t.Errorf("%s: the help %q is no sentence", m.Name, m.Help)
		}
	}
}
