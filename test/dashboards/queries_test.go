package dashboards

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// moment is a time of a Prometheus at which it has scraped. There an increase has
// nothing to extrapolate: its range ends with a sample and, as every counter that is
// asked for is scraped first while it is 0, begins where it must.
type moment struct {
	prometheus, at string
}

// scrapedSince waits for a scrape that is after a time.
func scrapedSince(t *testing.T, prometheus string, since time.Time) (m moment) {
	t.Helper()
	eventually(t, func() error {
		newest, err := moment{prometheus: prometheus}.ask("timestamp(pollard_killed)")
		if err != nil {
			return err
		}
		if newest[""] <= float64(since.UnixMilli())/1000 {
			return fmt.Errorf("the newest scrape is of %v, want one after %v", newest, since)
		}
		m = moment{prometheus, fmt.Sprintf("%.3f", newest[""])}
		return nil
	})
	return m
}

// ask evaluates an expression and returns the values by route, or that of "".
func (m moment) ask(expr string) (map[string]float64, error) {
	values := url.Values{"query": {expr}}
	if m.at != "" {
		values.Set("time", m.at)
	}
	body, err := get(m.prometheus + "/api/v1/query?" + values.Encode())
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			Result []struct {
				Metric struct{ Route string }
				Value  [2]json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	found := make(map[string]float64)
	for _, r := range answer.Data.Result {
		value, err := strconv.ParseFloat(strings.Trim(string(r.Value[1]), `"`), 64)
		if err != nil {
			return nil, err
		}
		found[r.Metric.Route] = value
	}
	return found, nil
}

// tally is three metrics by route, each by an expression of its name.
func (m moment) tally(t *testing.T, expr func(metric string) string) tally {
	t.Helper()
	sums := make(tally)
	for _, metric := range []string{"pollard_polls_total", "pollard_upstream_requests_total", "pollard_polls_avoided_total"} {
		found, err := m.ask(expr(metric))
		if err != nil {
			t.Fatal(err)
		}
		for route, value := range found {
			sums.add(metric, route, value)
		}
	}
	return sums
}

// counters are as they were scraped.
func (m moment) counters(t *testing.T) tally {
	t.Helper()
	return m.tally(t, func(metric string) string { return fmt.Sprintf(`sum by (route) (%s{route!="other"})`, metric) })
}

// recording returns the expression of a recording rule, with those of the rules that it
// names in their place: what was recorded is of other moments.
func recording(t *testing.T, name string) string {
	t.Helper()
	all := make(map[string]string)
	for _, r := range rules(t) {
		if r.Record != "" {
			all[r.Record] = r.Expr
		}
	}
	expr, ok := all[name]
	if !ok {
		t.Fatalf("there is no rule %s", name)
	}
	for other, text := range all {
		expr = strings.ReplaceAll(expr, other, "("+text+")")
	}
	return expr
}

// recorded are the recording rules.
func (m moment) recorded(t *testing.T) tally {
	t.Helper()
	rule := map[string]string{
		"pollard_polls_total":             "namespace_job_route:pollard_polls:increase15m",
		"pollard_upstream_requests_total": "namespace_job_route:pollard_upstream:increase15m",
		"pollard_polls_avoided_total":     "namespace_job_route:pollard_avoided:increase15m",
	}
	return m.tally(t, func(metric string) string { return recording(t, rule[metric]) })
}

// wantRatios holds the ratios to figures: of rules, and of the dashboard that shows the
// reduction.
func (m moment) wantRatios(t *testing.T, want tally) {
	t.Helper()
	for name, of := range map[string]func(counts) float64{
		"namespace_job_route:pollard_reduction_measured:ratio15m": counts.measured,
		"namespace_job_route:pollard_reduction_modelled:ratio15m": counts.modelled,
	} {
		m.want(t, name, recording(t, name), want, of)
	}
	byRoute, together := 0, 0
	for _, e := range panels(t) {
		of, ok := shown[e.where]
		switch {
		case !ok || strings.Contains(e.text, "increase24h") || strings.Contains(e.text, "increase30d"):
		case strings.Contains(e.text, "by (route)"):
			m.want(t, e.where, e.text, want, of)
			byRoute++
		default:
			m.want(t, e.where, e.text, tally{"": want.together()}, of)
			together++
		}
	}
	if byRoute+together != len(shown) {
		t.Errorf("compared %d panels by route and %d of all, want %d", byRoute, together, len(shown))
	}
}

// shown are the panels that show figures of this kind, and which.
var shown = map[string]func(counts) float64{
	"reduction.json: Polls received":                func(c counts) float64 { return c.polls },
	"reduction.json: Avoided by push":               func(c counts) float64 { return c.avoided },
	"reduction.json: Calls to the fleet":            func(c counts) float64 { return c.calls },
	"reduction.json: Reduction, measured":           counts.measured,
	"reduction.json: Reduction by route, measured":  counts.measured,
	"reduction.json: Reduction by route, with push": counts.modelled,
	"reduction.json: Saved":                         func(c counts) float64 { return (c.polls + c.avoided - c.calls) / 1e6 * 2 }, // $cost
}

func (m moment) want(t *testing.T, name, expr string, want tally, of func(counts) float64) {
	t.Helper()
	got, err := m.ask(expr)
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if len(got) != len(want) {
		t.Errorf("%s: got %d values, want %d", name, len(got), len(want))
	}
	for route, c := range want {
		if !same(got[route], of(c)) {
			t.Errorf("%s: got %v of %q, want %v", name, got[route], route, of(c))
		}
	}
}
