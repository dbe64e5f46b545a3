package ledger_test

import (
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pollard-proxy/pollard/ledger"
)

// series returns how many series metrics of ours about a trial have.
func series(t *testing.T, reg *prometheus.Registry) map[string]int {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatalf("scraping: %v", err)
	}
	found := map[string]int{}
	for _, f := range families {
		if slices.Contains([]string{"pollard_guard_verdict", "pollard_reduction_compared", "pollard_guard_falls_total"}, f.GetName()) {
			found[f.GetName()] = len(f.GetMetric())
		}
	}
	return found
}

func TestWhatIsNoLongerJudgedHasNoVerdictAndNoComparison(t *testing.T) {
	reg := prometheus.NewRegistry()
	l := ledger.New(reg)
	l.Judged("one", map[string]int{"errors": 1, "latency": 0}, &ledger.Interval{Point: 0.7, Low: 0.6, High: 0.8})
	l.Judged("two", map[string]int{"errors": -1}, nil)
	l.Fell("two", "errors")
	if got := series(t, reg); got["pollard_guard_verdict"] != 3 || got["pollard_reduction_compared"] != 3 {
		t.Errorf("got %v series, want 3 verdicts and 3 bounds", got)
	}
	l.Judged("one", map[string]int{"errors": 1, "latency": 0}, nil)
	if got := series(t, reg); got["pollard_guard_verdict"] != 3 || got["pollard_reduction_compared"] != 0 {
		t.Errorf("got %v series, want no bounds of what is not known", got)
	}
	l.Judged("two", nil, nil)
	if got := series(t, reg); got["pollard_guard_verdict"] != 2 || got["pollard_guard_falls_total"] != 3 {
		t.Errorf("got %v series, want the verdicts of one route, and the falls of both kept", got)
	}
}

// A counter that begins at 1 has not risen, for Prometheus.
func TestFallsAreCountedFromZeroOnceARouteIsJudged(t *testing.T) {
	reg := prometheus.NewRegistry()
	l := ledger.New(reg)
	l.Judged("one", map[string]int{"errors": 0}, nil)
	for _, want := range []float64{0, 1} {
		if got, ok := scrape(t, reg)["pollard_guard_falls_total{errors,one}"]; !ok || got.value != want {
			t.Errorf("got %v, there %v; want %v", got, ok, want)
		}
		l.Fell("one", "errors")
	}
}
