package ledger_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pollard-proxy/pollard/ledger"
)

func TestOpenSubscriptionsAvoidPollsWhileTheyAreOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		r := ledger.New(reg).Route("issues")
		r.Interval(3 * time.Second)
		wantAvoided := func(when string, want float64) {
			t.Helper()
			if got := scrape(t, reg)["pollard_polls_avoided_total{issues}"].value; math.Abs(got-want) > 1e-9 {
				t.Errorf("%s: got %v polls avoided when scraped, want %v", when, got, want)
			}
			if got := r.Totals().Avoided; math.Abs(got-want) > 1e-9 {
				t.Errorf("%s: got %v polls avoided in all, want %v", when, got, want)
			}
		}

		time.Sleep(time.Hour)
		wantAvoided("nobody watches", 0)
		one := r.Watch(ledger.WebSocket)
		time.Sleep(6 * time.Second)
		wantAvoided("one for 6 s", 2)
		two := r.Watch(ledger.Events)
		time.Sleep(3 * time.Second)
		wantAvoided("two for 3 s more", 4)
		r.Interval(time.Second) // a reload
		time.Sleep(time.Second)
		wantAvoided("two for 1 s at an interval of 1 s", 6)
		one.Every(10 * time.Second) // as upstream says to who polls that document
		time.Sleep(10 * time.Second)
		wantAvoided("two for 10 s more, of which one at an interval of 10 s", 17)
		one.Every(0)
		one.Done()
		two.Done()
		time.Sleep(time.Hour)
		wantAvoided("nobody watches any more", 17)
	})
}

func TestWithoutAnIntervalSubscriptionsAvoidNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ledger.New(prometheus.NewRegistry()).Route("issues")
		w := r.Watch(ledger.WebSocket)
		time.Sleep(time.Hour)
		w.Done()
		if got := r.Totals().Avoided; got != 0 {
			t.Errorf("got %v polls avoided, want 0", got)
		}
	})
}

func TestWhatSubscriptionsAreToldIsCounted(t *testing.T) {
	reg := prometheus.NewRegistry()
	r := ledger.New(reg).Route("issues")
	r.Watch(ledger.WebSocket)
	r.Watch(ledger.WebSocket)
	r.Watch(ledger.ActionCable).Done()
	r.Delivered(ledger.Events, ledger.Delivered)
	r.Delivered(ledger.Events, ledger.Undelivered)
	r.Skipped(ledger.Events, 3)
	r.Delivery(250 * time.Millisecond)
	r.Refused("watchers")

	got := scrape(t, reg)
	want := map[string]sample{
		"pollard_watchers{issues,websocket}":                   {value: 2},
		"pollard_watchers{issues,actioncable}":                 {},
		"pollard_deliveries_total{delivered,issues,events}":    {value: 1},
		"pollard_deliveries_total{failed,issues,events}":       {value: 1},
		"pollard_deliveries_total{skipped,issues,events}":      {value: 3},
		"pollard_delivery_seconds{issues}":                     {sum: 0.25, count: 1},
		"pollard_subscriptions_refused_total{watchers,issues}": {value: 1},
		"pollard_deliveries_total{delivered,issues,websocket}": {},
	}
	for series, want := range want {
		if got, ok := got[series]; !ok || got != want {
			t.Errorf("%s: got %v, there %v; want %v", series, got, ok, want)
		}
	}
	if got := r.Watchers(); got != 2 {
		t.Errorf("got %d watchers, want 2", got)
	}
}
