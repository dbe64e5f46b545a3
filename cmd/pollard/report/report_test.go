package report

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 20, 14, 7, 30, 0, time.UTC)

// prometheus answers as one does that has scraped for hours: of route issues 9,000
// polls, 1,000 avoided and 500 calls a quarter, of notes a tenth of that.
func prometheus(t *testing.T, hours int) *url.URL {
	t.Helper()
	each := map[string]float64{"pollard_polls_total": 9000, "pollard_polls_avoided_total": 1000, "pollard_upstream_requests_total": 500}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		metric, _, _ := strings.Cut(strings.TrimPrefix(r.FormValue("query"), "sum by (route) (increase("), "{")
		var series []string
		for route, part := range map[string]float64{"issues": 1, "notes": 0.1} {
			var values []string
			for i := range 4 * hours {
				wave := 1 + 0.5*math.Sin(float64(i)/96*2*math.Pi)
				values = append(values, fmt.Sprintf(`[%d,"%g"]`, now.Unix()-int64(900*i), wave*part*each[metric]))
			}
			series = append(series, fmt.Sprintf(`{"metric":{"route":%q},"values":[%s]}`, route, strings.Join(values, ",")))
		}
		if hours == 0 {
			series = nil
		}
		fmt.Fprintf(w, `{"status":"success","data":{"result":[%s]}}`, strings.Join(series, ","))
	}))
	t.Cleanup(s.Close)
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return base
}

func TestADayIsReportedFromPrometheus(t *testing.T) {
	r, err := FromPrometheus(t.Context(), prometheus(t, 24), 24*time.Hour, now)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.To.Sub(r.From); got != 24*time.Hour || r.Extrapolates() {
		t.Errorf("got a report of %v, want a day that is not extrapolated", got)
	}
	issues := r.Routes[0]
	if issues.Name != "issues" || len(issues.Points) != 96 {
		t.Errorf("got %s with %d points first, want issues, which has most polls, with 96", issues.Name, len(issues.Points))
	}
	near(t, "before, per 24 hours", issues.PerDay.Before(), 960_000)
	near(t, "after, per 15 minutes", issues.PerQuarter.Calls, 500)
	near(t, "reduction", *issues.Reduction, 0.95)
	near(t, "measured", *issues.ReductionMeasured, 1-500./9000)
	near(t, "total before", r.Total.PerDay.Before(), 1_056_000)
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6*math.Abs(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestAReportBeginsWithTheFirstScrape(t *testing.T) {
	r, err := FromPrometheus(t.Context(), prometheus(t, 2), 24*time.Hour, now)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.To.Sub(r.From); got != 2*time.Hour || !r.Extrapolates() {
		t.Errorf("got a report of %v, want two hours, extrapolated", got)
	}
	if per, sum := r.Total.PerDay.Calls, r.Total.Sum.Calls; math.Abs(per-12*sum) > 1e-6*per {
		t.Errorf("got %v calls a day of %v in two hours", per, sum)
	}
}

func TestAPrometheusWithNothingOfPollardIsAnError(t *testing.T) {
	if _, err := FromPrometheus(t.Context(), prometheus(t, 0), time.Hour, now); err == nil || !strings.Contains(err.Error(), "does it scrape") {
		t.Errorf("got %v, want an error that asks", err)
	}
}

func TestWhatPrometheusRefusesIsTold(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"status":"error","error":"query processing would load too many samples"}`)
	}))
	defer s.Close()
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	base.User = url.UserPassword("ops", "hush")
	_, err = FromPrometheus(t.Context(), base, time.Hour, now)
	if err == nil || !strings.Contains(err.Error(), "too many samples") || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v, want its own words and no password", err)
	}
	for _, since := range []time.Duration{0, -time.Hour, Quarter - 1, 20_000 * Quarter} {
		if _, err := FromPrometheus(t.Context(), base, since, now); err == nil || !strings.Contains(err.Error(), "want 15m0s") {
			t.Errorf("since %v: got %v, want the bounds", since, err)
		}
	}
}

const instance = `[{"name":"quiet","polls":0,"upstream":0,"avoided":0},{"name":"issues","polls":900,"upstream":50,"avoided":100}]`

func TestAnInstanceIsReportedSinceItsStart(t *testing.T) {
	metrics := fmt.Sprintf("# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds %v\n", float64(now.Add(-time.Hour).Unix()))
	r, err := FromInstance([]byte(instance), []byte(metrics), now)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "before, per 15 minutes", r.Routes[0].PerQuarter.Before(), 250)
	near(t, "after, per 24 hours", r.Routes[0].PerDay.Calls, 1200)
	if quiet := r.Routes[1]; quiet.Reduction != nil || quiet.ReductionMeasured != nil {
		t.Errorf("got %+v, want no reduction before the first poll", quiet)
	}
	var b bytes.Buffer
	if err := Print(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"extrapolated from 1h0m0s", "-95.0 %", "-94.4 %", "modelled"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("got no %q in\n%s", want, &b)
		}
	}
}

func TestAClockThatJumpedMakesNoReport(t *testing.T) {
	for _, metrics := range []string{"", "process_start_time_seconds x\n", fmt.Sprintf("process_start_time_seconds %d\n", now.Unix()+5)} {
		if r, err := FromInstance([]byte(instance), []byte(metrics), now); err == nil {
			t.Errorf("%q: got %+v, want an error", metrics, r)
		}
	}
}

func TestThePageNeedsNothingElse(t *testing.T) {
	r, err := FromPrometheus(t.Context(), prometheus(t, 24), 24*time.Hour, now)
	if err != nil {
		t.Fatal(err)
	}
	r.Routes[1].Name = `<script>alert(1)</script>`
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"<script", "http://", "https://", "NaN", "url("} {
		if at := strings.Index(strings.ReplaceAll(b.String(), "Prometheus at "+r.Source[14:], ""), never); at >= 0 {
			t.Errorf("got %q in the page", never)
		}
	}
	if got := strings.Count(b.String(), "<svg"); got != 3 {
		t.Errorf("got %d charts, want one of all and one of each route", got)
	}
}

func TestChartsLeaveGapsWhereNothingWasScraped(t *testing.T) {
	at := func(quarter int, polls float64) Point {
		return Point{now.Add(time.Duration(quarter) * Quarter), Counts{Polls: polls}}
	}
	d := chart(Route{Points: []Point{at(0, 10), at(1, 10), at(4, 10)}})
	if want := "M0 180L0.0 0.0L240.0 0.0L240.0 180 L960.0 180L960.0 0.0L960 180Z"; d.Polls != want {
		t.Errorf("got %s, want %s", d.Polls, want)
	}
	if chart(Route{Points: []Point{at(0, 1)}}) != nil {
		t.Error("got a chart of one point")
	}
}

func TestCountsAreShort(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 812.4: "812", 45_700: "45.7 k", 45_700_000: "45.7 M", 2.5e9: "2.5 G", -1500: "-1.5 k"} {
		if got := Short(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}

func TestReductionsAreChanges(t *testing.T) {
	for v, want := range map[float64]string{0.932: "-93.2 %", -0.5: "+50.0 %", 0: "0.0 %", 0.0001: "0.0 %", -0.0001: "0.0 %", 1: "-100.0 %"} {
		if got := Percent(&v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}
