package dashboards

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/test/program"
)

// An expression is one that a dashboard shows or a rule evaluates.
type expression struct{ where, text string }

// panels returns the expressions of the dashboards' panels and annotations, with the
// variables as they are at first.
func panels(t *testing.T) []expression {
	t.Helper()
	first := strings.NewReplacer("$__rate_interval", "30s", "$job", "pollard", "$namespace", ".*", "$route", ".*", "$cost", "2")
	var all []expression
	for _, file := range files(t, grafanaFolder, "*.json") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			Annotations struct{ List []struct{ Name, Expr string } }
			Panels      []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		if err := json.Unmarshal(content, &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		name := filepath.Base(file)
		for _, a := range d.Annotations.List {
			all = append(all, expression{name + ": " + a.Name, first.Replace(a.Expr)})
		}
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				all = append(all, expression{name + ": " + p.Title, first.Replace(target.Expr)})
			}
		}
	}
	return all
}

// series asks a Prometheus, and returns how many there are.
func series(prometheus, expr string) (int, error) {
	body, err := get(prometheus + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		return 0, err
	}
	var answer struct{ Data struct{ Result []any } }
	err = json.Unmarshal(body, &answer)
	return len(answer.Data.Result), err
}

var metricName = regexp.MustCompile(`\bpollard_[a-z_]+`)

func TestExpressionsNameMetricsThatThereAre(t *testing.T) {
	known := make(map[string]bool)
	for _, m := range ledger.Metrics() {
		for _, suffix := range []string{"", "_bucket", "_count", "_sum"} {
			known[m.Name+suffix] = true
		}
	}
	all := panels(t)
	for _, r := range rules(t) {
		for _, m := range metricName.FindAllString(r.Record, -1) {
			known[m] = true
		}
		all = append(all, expression{r.Record + r.Alert, r.Expr})
	}
	for _, e := range all {
		for _, name := range metricName.FindAllString(e.text, -1) {
			if !known[name] {
				t.Errorf("%s: there is no metric %s", e.where, name)
			}
		}
	}
}

// quiet are the panels that may have nothing to show while all is well in the demo,
// by what they show.
var quiet = regexp.MustCompile(`pollard_(guard|checks|reduction_compared|redis|bypass|subscriptions_refused|limit_refusals|certificate)|changes\(|max\(pollard_killed.*> 0|increase(24h|30d)`)

func TestPanelsShowWhatARealPrometheusHasScraped(t *testing.T) {
	t.Parallel()
	at := prometheus(t, demo(t))
	eventually(t, func() error {
		return there(at, `sum(rate(pollard_upstream_requests_total{reason="watch"}[30s])) > 0 and sum(rate(pollard_delivery_seconds_count[30s])) > 0 and sum(count_over_time(pollard_killed[1m])) > 9`)
	})
	for _, e := range panels(t) {
		n, err := series(at, e.text)
		if err != nil {
			t.Errorf("%s: %v", e.where, err)
		}
		if n == 0 && !quiet.MatchString(e.text) {
			t.Errorf("%s: nothing of %s", e.where, e.text)
		}
	}
	for _, r := range rules(t) {
		if r.Alert == "" {
			if _, err := series(at, r.Record); err != nil {
				t.Errorf("%s: %v", r.Record, err)
			}
		}
	}
	for _, name := range []string{"measured", "modelled"} {
		if err := there(at, "namespace_job_route:pollard_reduction_"+name+":ratio15m > 0"); err != nil {
			t.Error(err)
		}
	}
	if n, err := series(at, `ALERTS{alertstate="firing"}`); n != 0 || err != nil {
		t.Errorf("got %d alerts that fire, %v; want none on a demo where all is well", n, err)
	}
	healthy(t, at)
}

// there says what is not.
func there(prometheus, expr string) error {
	n, err := series(prometheus, expr)
	if err == nil && n == 0 {
		err = fmt.Errorf("nothing of %s", expr)
	}
	return err
}

// healthy looks at how each rule has fared.
func healthy(t *testing.T, prometheus string) {
	t.Helper()
	body, err := get(prometheus + "/api/v1/rules")
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	loaded := 0
	for _, g := range answer.Data.Groups {
		for _, r := range g.Rules {
			loaded++
			if r.Health == "err" {
				t.Errorf("%s: %s", r.Name, r.LastError)
			}
		}
	}
	if want := len(rules(t)); loaded != want {
		t.Errorf("got %d rules loaded, want %d", loaded, want)
	}
}

func TestAnEmptyPrometheusMakesEmptyPanels(t *testing.T) {
	t.Parallel()
	at := prometheus(t, program.FreeAddress(t))
	for _, e := range panels(t) {
		if n, err := series(at, e.text); err != nil || n != 0 {
			t.Errorf("%s: got %d series, %v; want none, and no error", e.where, n, err)
		}
	}
}
