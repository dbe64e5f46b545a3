package proxy

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestRateAdmitsABurstAndThenSoManyPerSecond(t *testing.T) {
	for _, perSecond := range []int{1, 4, 1000} {
		synctest.Test(t, func(t *testing.T) {
			r := newRate[string](perSecond)
			time.Sleep(time.Hour)
			admitted := func() (n int) {
				for r.take("ann") == 0 {
					n++
				}
				return n
			}
			if got, want := admitted(), 10*perSecond; got != want {
				t.Errorf("%d per second: %d at once, want %d", perSecond, got, want)
			}
			wait := r.take("ann")
			if want := time.Second / time.Duration(perSecond); wait != want {
				t.Errorf("%d per second: told to wait for %v, want %v", perSecond, wait, want)
			}
			if got := r.take("bob"); got != 0 {
				t.Errorf("%d per second: another is told to wait for %v", perSecond, got)
			}
			time.Sleep(wait)
			if got := admitted(); got != 1 {
				t.Errorf("%d per second: %d after the wait, want 1", perSecond, got)
			}
			total := 0
			for range 5000 {
				time.Sleep(time.Second / 1000)
				total += admitted()
			}
			if want := 5 * perSecond; total < want-1 || total > want {
				t.Errorf("%d per second: %d in 5s, want %d", perSecond, total, want)
			}
		})
	}
}

// TestRateForgetsTheSilentAndNotWhoGoesOn: however many come, memory is bounded, and whoever is
// over the rate stays so.
func TestRateForgetsTheSilentAndNotWhoGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRate[int](1)
		for r.take(-1) == 0 {
		}
		for i := range 5 * mostRated {
			r.take(i)
			if i%1000 == 0 && r.take(-1) == 0 {
				t.Fatalf("admitted again after %d others", i)
			}
		}
		if got := len(r.young) + len(r.old); got > 2*mostRated {
			t.Errorf("%d are remembered, want %d at most", got, 2*mostRated)
		}
	})
}
