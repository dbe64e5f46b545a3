package ledger_test

import (
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pollard-proxy/pollard/ledger"
)

func TestTotalsAreSumsOfWhatStandsBesideThem(t *testing.T) {
	r := ledger.New(prometheus.NewRegistry()).Route("issues")
	for o := ledger.Passed; o <= ledger.Failed; o++ {
		for range o + 1 {
			r.Poll(o)
		}
	}
	for reason := ledger.Poll; reason <= ledger.Pass; reason++ {
		for range reason + 1 {
			r.Upstream(reason)
		}
	}
	totals := r.Totals()
	if totals.Polls != 28 || len(totals.ByOutcome) != 7 {
		t.Errorf("got %d polls in %d outcomes, want 28 in 7", totals.Polls, len(totals.ByOutcome))
	}
	if totals.Upstream != 21 || len(totals.ByReason) != 6 {
		t.Errorf("got %d upstream requests for %d reasons, want 21 for 6", totals.Upstream, len(totals.ByReason))
	}
	if got := totals.ByOutcome[ledger.Failed]; got != 7 {
		t.Errorf("failed: got %d, want 7", got)
	}
	if got := totals.ByReason[ledger.Pass]; got != 6 {
		t.Errorf("pass: got %d, want 6", got)
	}
}

func TestNoCountIsLostBetweenGoroutines(t *testing.T) {
	const goroutines, each = 8, 1000
	reg := prometheus.NewRegistry()
	l := ledger.New(reg)
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range each {
				r := l.Route("issues")
				r.Poll(ledger.Hit)
				r.Upstream(ledger.Poll)
				r.Bypass("range")
				r.Staleness(time.Second)
			}
		})
	}
	wg.Go(func() {
		for range 10 {
			if _, err := reg.Gather(); err != nil {
				t.Errorf("scraping meanwhile: %v", err)
			}
			l.Route("issues").Totals()
		}
	})
	wg.Wait()
	totals := l.Route("issues").Totals()
	if want := uint64(goroutines * each); totals.Polls != want || totals.Upstream != want || totals.Bypass["range"] != want {
		t.Errorf("got %d polls, %d upstream requests, %d bypasses; want %d of each", totals.Polls, totals.Upstream, totals.Bypass["range"], want)
	}
}

func TestReductionIsReproducibleByHand(t *testing.T) {
	tests := []struct {
		name            string
		polls, upstream uint64
		avoided         float64
		want            float64
		ok              bool
	}{
		{"before the first poll", 0, 0, 0, 0, false},
		{"upstream work before the first poll", 0, 3, 0, 0, false},
		{"every poll forwarded", 10, 10, 0, 0, true},
		{"three of four spared", 100, 25, 0, 0.75, true},
		{"all spared", 10, 0, 0, 1, true},
		{"with avoided polls", 50, 25, 50, 0.75, true},
		{"avoided polls alone", 0, 1, 4, 0.75, true},
		{"more requests than polls", 10, 15, 0, -0.5, true},
	}
	for _, test := range tests {
		got, ok := ledger.Reduction(test.polls, test.upstream, test.avoided)
		if got != test.want || ok != test.ok {
			t.Errorf("%s: got %v, %v; want %v, %v", test.name, got, ok, test.want, test.ok)
		}
	}
}

// These three run for every poll that is answered from memory.
func TestTheHitPathDoesNotAllocate(t *testing.T) {
	r := ledger.New(prometheus.NewRegistry()).Route("issues")
	allocs := testing.AllocsPerRun(100, func() {
		r.Poll(ledger.Hit)
		r.Upstream(ledger.Poll)
		r.Staleness(time.Second)
	})
	if allocs != 0 {
		t.Errorf("got %v allocations, want 0", allocs)
	}
}

// Once a reason is known, bypasses do not allocate either: routes that are all
// bypassed must not cost more than without Pollard.
func TestRepeatedBypassesDoNotAllocate(t *testing.T) {
	r := ledger.New(prometheus.NewRegistry()).Route("issues")
	r.Bypass("header:X-Last-Fetched-At")
	if got := testing.AllocsPerRun(100, func() { r.Bypass("header:X-Last-Fetched-At") }); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func BenchmarkHit(b *testing.B) {
	r := ledger.New(prometheus.NewRegistry()).Route("issues")
	b.ReportAllocs()
	for b.Loop() {
		r.Poll(ledger.Hit)
		r.Staleness(time.Second)
	}
}
