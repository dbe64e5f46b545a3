package ledger_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pollard-proxy/pollard/ledger"
)

// A sample is a scraped series: its value, or for a histogram its sum and count.
type sample struct{ value, sum, count float64 }

// scrape returns the series of reg by name and label values, in the order of the
// labels' names: `pollard_polls_total{hit,issues}`.
func scrape(t *testing.T, reg *prometheus.Registry) map[string]sample {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatalf("scraping: %v", err)
	}
	samples := make(map[string]sample)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			var values []string
			for _, label := range m.GetLabel() {
				values = append(values, label.GetValue())
			}
			samples[family.GetName()+"{"+strings.Join(values, ",")+"}"] = sample{
				value: m.GetCounter().GetValue() + m.GetGauge().GetValue(),
				sum:   m.GetHistogram().GetSampleSum(),
				count: float64(m.GetHistogram().GetSampleCount()),
			}
		}
	}
	return samples
}

func TestARouteHasAllItsSeriesFromTheStart(t *testing.T) {
	reg := prometheus.NewRegistry()
	ledger.New(reg).Route("issues")
	got := scrape(t, reg)
	want := []string{
		"pollard_polls_avoided_total{issues}",
		"pollard_staleness_seconds{issues}",
		"pollard_config_reload_failures_total{}",
		"pollard_killed{}",
		"pollard_delivery_seconds{issues}",
	}
	for _, transport := range []string{"websocket", "events", "actioncable"} {
		want = append(want, "pollard_watchers{issues,"+transport+"}")
		for _, result := range []string{"delivered", "failed", "skipped"} {
			want = append(want, "pollard_deliveries_total{"+result+",issues,"+transport+"}")
		}
	}
	for _, outcome := range []string{"passed", "hit", "collapsed", "revalidated", "fetched", "bypassed", "failed"} {
		want = append(want, "pollard_polls_total{"+outcome+",issues}")
	}
	for _, from := range []string{"memory", "upstream"} {
		want = append(want, "pollard_poll_seconds{"+from+",issues}")
	}
	for _, reason := range []string{"poll", "watch", "probe", "verify", "audit", "pass"} {
		want = append(want, "pollard_upstream_requests_total{"+reason+",issues}")
	}
	for _, series := range want {
		if s, ok := got[series]; !ok || s != (sample{}) {
			t.Errorf("%s: got %v, there %v; want 0", series, s, ok)
		}
	}
	for series := range got {
		if strings.HasPrefix(series, "pollard_") && !slices.Contains(want, series) {
			t.Errorf("%s: unexpected", series)
		}
	}
}

func TestWhatIsCountedIsWhatIsScraped(t *testing.T) {
	reg := prometheus.NewRegistry()
	l := ledger.New(reg)
	r := l.Route("issues")
	r.Poll(ledger.Hit)
	r.Poll(ledger.Hit)
	r.Poll(ledger.Failed)
	r.Upstream(ledger.Probe)
	r.Bypass("range")
	r.Bypass("header:X-Last-Fetched-At")
	r.Avoided(1.5)
	r.Took(ledger.Hit, time.Millisecond)
	r.Took(ledger.Collapsed, time.Second)
	r.Took(ledger.Passed, time.Second)
	r.Took(ledger.Failed, 10*time.Second)
	r.Staleness(250 * time.Millisecond)
	l.Route(ledger.Other).Upstream(ledger.Pass)
	l.ReloadFailed()
	l.Certificates(func() map[string]time.Time {
		return map[string]time.Time{"served": time.Unix(1_800_000_000, 0)}
	}, func() bool { return true })

	got := scrape(t, reg)
	want := map[string]sample{
		"pollard_polls_total{hit,issues}":                       {value: 2},
		"pollard_polls_total{failed,issues}":                    {value: 1},
		"pollard_polls_total{fetched,issues}":                   {},
		"pollard_poll_seconds{memory,issues}":                   {sum: 0.001, count: 1},
		"pollard_poll_seconds{upstream,issues}":                 {sum: 2, count: 2},
		"pollard_upstream_requests_total{probe,issues}":         {value: 1},
		"pollard_upstream_requests_total{pass,other}":           {value: 1},
		"pollard_bypass_total{range,issues}":                    {value: 1},
		"pollard_bypass_total{header:X-Last-Fetched-At,issues}": {value: 1},
		"pollard_polls_avoided_total{issues}":                   {value: 1.5},
		"pollard_staleness_seconds{issues}":                     {sum: 0.25, count: 1},
		"pollard_config_reload_failures_total{}":                {value: 1},
		"pollard_certificate_not_after_seconds{served}":         {value: 1_800_000_000},
		"pollard_upstream_unverified{}":                         {value: 1},
	}
	for series, want := range want {
		if got, ok := got[series]; !ok || got != want {
			t.Errorf("%s: got %v, there %v; want %v", series, got, ok, want)
		}
	}
}

// A reload asks for the routes of the new configuration again.
func TestARouteAskedForAgainGoesOnCounting(t *testing.T) {
	l := ledger.New(prometheus.NewRegistry())
	l.Route("issues").Poll(ledger.Hit)
	l.Route("issues").Poll(ledger.Hit)
	if got := l.Route("issues").Totals().Polls; got != 2 {
		t.Errorf("got %d polls, want 2", got)
	}
}

func TestModelledPollsThatMeanNothingAreNotAdded(t *testing.T) {
	r := ledger.New(prometheus.NewRegistry()).Route("issues")
	for _, polls := range []float64{-1, 0, math.NaN(), math.Inf(1), math.Inf(-1), 2.25} {
		r.Avoided(polls)
	}
	if got := r.Totals().Avoided; got != 2.25 {
		t.Errorf("got %v polls avoided, want 2.25", got)
	}
}

func TestSaturationIsUsedDividedByLimitWhenScraped(t *testing.T) {
	reg := prometheus.NewRegistry()
	l := ledger.New(reg)
	var used, limit float64
	l.Saturation("stored_bytes", func() float64 { return used }, func() float64 { return limit })
	l.Saturation("connections", func() float64 { return 1 }, func() float64 { return 2 })

	tests := []struct{ used, limit, want float64 }{
		{0, 100, 0},
		{25, 100, 0.25},
		{25, 50, 0.5}, // a reload changed the limit
		{25, 0, 0},    // a reload removed it
	}
	for _, test := range tests {
		used, limit = test.used, test.limit
		got := scrape(t, reg)
		if got := got["pollard_saturation_ratio{stored_bytes}"].value; got != test.want {
			t.Errorf("%v of %v: got %v, want %v", test.used, test.limit, got, test.want)
		}
		if got := got["pollard_saturation_ratio{connections}"].value; got != 0.5 {
			t.Errorf("the other component: got %v, want 0.5", got)
		}
	}
}

func TestTheRuntimeAndTheProcessAreMeasuredToo(t *testing.T) {
	reg := prometheus.NewRegistry()
	ledger.New(reg)
	got := scrape(t, reg)
	for _, series := range []string{"go_goroutines{}", "process_start_time_seconds{}"} {
		if got[series].value == 0 {
			t.Errorf("%s is 0 or not there", series)
		}
	}
}

func TestTwoLedgersDoNotMeet(t *testing.T) {
	one, two := ledger.New(prometheus.NewRegistry()), ledger.New(prometheus.NewRegistry())
	one.Route("issues").Poll(ledger.Hit)
	if got := two.Route("issues").Totals().Polls; got != 0 {
		t.Errorf("the second ledger counted %d polls, want 0", got)
	}
}
