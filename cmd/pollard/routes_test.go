package main

import (
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/proxy/admin"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/advice"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// columns returns what a table's line for a route has under each heading.
func columns(t *testing.T, table, route string) map[string]string {
	t.Helper()
	lines := strings.Split(table, "\n")
	all := map[string]string{}
	for _, line := range lines[1:] {
		if !strings.HasPrefix(line, route+" ") {
			continue
		}
		for _, name := range []string{"GUARDS", "REDUCTION", "MEASURED", "COMPARED"} {
			from := strings.Index(lines[0], name)
			all[name], _, _ = strings.Cut(line[from:], "  ")
		}
		return all
	}
	t.Fatalf("no %s in\n%s", route, table)
	return nil
}

func TestRoutesShowTheThreeReductionsApartAndTheWorstOfTheGuards(t *testing.T) {
	measured, modelled := 0.5, 0.9
	verdict := func(outcomes ...string) (all []admin.Verdict) {
		for i, o := range outcomes {
			name := []string{"errors", "latency"}[i]
			all = append(all, admin.Verdict{Guard: name, Outcome: o, Text: name + ": figures"})
		}
		return all
	}
	stands := ladder.Position{Stage: rollout.Push, Percent: rollout.Everyone}
	var b strings.Builder
	err := printRoutes(&b, []admin.Route{
		{Name: "fine", Position: stands, Reduction: &modelled, ReductionMeasured: &measured, Guards: verdict("pass", "pass"),
			ReductionCompared: &admin.Compared{Reduction: 0.74, Low: 0.7, High: 0.78, Level: 0.95}},
		{Name: "unsure", Position: stands, Guards: verdict("pass", "hold")},
		{Name: "bad", Position: stands, Guards: verdict("fail", "hold")},
		{Name: "watched", Position: stands, Retirable: &advice.Retirement{Since: time.Now(), Days: 33}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for route, want := range map[string]map[string]string{
		"fine":    {"GUARDS": "pass", "REDUCTION": "90.00%", "MEASURED": "50.00%", "COMPARED": "74.0% (70.0 to 78.0)"},
		"unsure":  {"GUARDS": "hold", "REDUCTION": "-", "MEASURED": "-", "COMPARED": "-"},
		"bad":     {"GUARDS": "fail"},
		"watched": {"GUARDS": "-"},
	} {
		got := columns(t, b.String(), route)
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s: got %q under %s, want %q in\n%s", route, got[name], name, value, b.String())
			}
		}
	}
	for _, want := range []string{"hold unsure: latency: figures", "fail bad: errors: figures", "can be retired: watched", "33 days"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("got no %q in\n%s", want, b.String())
		}
	}
}
