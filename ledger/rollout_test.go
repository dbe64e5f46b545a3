package ledger_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pollard-proxy/pollard/ledger"
)

func TestWhereRoutesStandIsExported(t *testing.T) {
	reg := prometheus.NewRegistry()
	l := ledger.New(reg)
	l.Rollout(map[string]ledger.Rung{"one": {Stage: 3, Percent: 12.5}, "two": {Stage: 1, Percent: 100}}, true)
	got := scrape(t, reg)
	for series, want := range map[string]float64{
		"pollard_rollout_stage{one}": 3, "pollard_rollout_percent{one}": 12.5, "pollard_rollout_stage{two}": 1, "pollard_killed{}": 1,
	} {
		if got[series].value != want {
			t.Errorf("%s: got %v, want %v", series, got[series].value, want)
		}
	}
	l.Rollout(map[string]ledger.Rung{"two": {Stage: 0, Percent: 100}}, false)
	got = scrape(t, reg)
	if _, ok := got["pollard_rollout_stage{one}"]; ok {
		t.Error("a route that there is not any more has a series")
	}
	if got["pollard_rollout_stage{two}"].value != 0 || got["pollard_killed{}"].value != 0 {
		t.Errorf("got %v, want two off and nothing killed", got)
	}
}
