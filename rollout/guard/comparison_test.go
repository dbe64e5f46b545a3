package guard_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/guard"
)

// poll lets actors of an arm act, and each of every ones among them call some times.
func poll(c *guard.Comparison, arm rollout.Arm, actors, every, calls int) {
	for i := range actors {
		actor := uint64(arm)<<32 | uint64(i)
		c.Acted(arm, actor)
		if i%every != 0 {
			continue
		}
		for range calls {
			c.Called(arm, actor)
		}
	}
}

// wantReduction holds an estimate against what is true, which its interval includes.
func wantReduction(t *testing.T, c *guard.Comparison, now time.Time, want float64) {
	t.Helper()
	e, ok := c.Reduction(now)
	if !ok {
		t.Fatalf("no estimate: %s", e.Missing)
	}
	if math.Abs(e.Point-want) > 0.02 || e.Low > e.Point || e.Point > e.High || e.Level != 0.95 {
		t.Errorf("got %v, %v to %v at %v; want about %v", e.Point, e.Low, e.High, e.Level, want)
	}
}

func TestTheReductionComparesCallsPerActor(t *testing.T) {
	c := guard.NewComparison(noon)
	poll(c, rollout.Treated, 20_000, 10, 10)
	poll(c, rollout.Control, 20_000, 1, 7)
	poll(c, rollout.Holdout, 500, 1, 10)
	wantReduction(t, c, noon.Add(time.Minute), 0.9)
	e, _ := c.Reduction(noon.Add(time.Minute))
	if math.Abs(e.Treated.Actors-20_000) > 200 || e.Treated.Calls != 20_000 || math.Abs(e.Treated.PerActor()-1) > 0.01 {
		t.Errorf("treated: got %+v, want 20,000 actors within 1 %% and 20,000 calls", e.Treated)
	}
	if math.Abs(e.Holdout.Actors-500) > 5 || e.Holdout.Calls != 5000 {
		t.Errorf("holdout: got %+v, want 500 actors within 1 %% and 5,000 calls", e.Holdout)
	}
}

func TestMoreCallsThanWithoutAreANegativeReduction(t *testing.T) {
	c := guard.NewComparison(noon)
	poll(c, rollout.Treated, 5000, 1, 12)
	poll(c, rollout.Holdout, 500, 1, 10)
	wantReduction(t, c, noon, -0.2)
}

func TestThinEvidenceIsNoEstimate(t *testing.T) {
	tests := []struct {
		name             string
		treated, holdout int
		calls            int
		missing          string
	}{
		{"nothing", 0, 0, 0, "needs 200 more actors in the holdout"},
		{"few held out", 10_000, 50, 100, "more actors in the holdout"},
		{"few treated", 20, 500, 100, "more treated actors"},
		{"hardly a call", 10_000, 500, 0, "needs 100 more calls of the holdout"},
	}
	for _, test := range tests {
		c := guard.NewComparison(noon)
		poll(c, rollout.Treated, test.treated, 1, test.calls)
		poll(c, rollout.Holdout, test.holdout, 1, test.calls)
		e, ok := c.Reduction(noon)
		if ok || !strings.Contains(e.Missing, test.missing) {
			t.Errorf("%s: got %v, missing %q; want missing %q", test.name, ok, e.Missing, test.missing)
		}
	}
}

// The same few actors hour after hour stay few.
func TestHoursDoNotMakeActorsMore(t *testing.T) {
	c := guard.NewComparison(noon)
	now := noon
	for range 23 {
		poll(c, rollout.Treated, 5000, 1, 1)
		poll(c, rollout.Holdout, 100, 1, 10)
		now = now.Add(time.Hour)
		if e, ok := c.Reduction(now); ok {
			t.Fatalf("after %v: estimated from %v actor hours, want it to need more actors", now.Sub(noon), e.Holdout.Actors)
		}
	}
}

func TestWhatIsADayOldIsForgotten(t *testing.T) {
	c := guard.NewComparison(noon)
	now := noon
	for hour := range 48 {
		calls := 10
		if hour >= 24 {
			calls = 1
		}
		poll(c, rollout.Treated, 5000, 1, calls)
		poll(c, rollout.Holdout, 500, 1, 10)
		now = now.Add(time.Hour)
		if hour == 23 {
			wantReduction(t, c, now, 0)
		} else {
			c.Reduction(now)
		}
	}
	wantReduction(t, c, now, 0.9)
	e, _ := c.Reduction(now)
	if e.Holdout.Calls != 23*5000 {
		t.Errorf("got %v calls of the holdout, want those of the 23 hours that are over", e.Holdout.Calls)
	}
}

func TestAMoveBeginsAnotherComparison(t *testing.T) {
	c := guard.NewComparison(noon)
	poll(c, rollout.Treated, 5000, 1, 10)
	poll(c, rollout.Holdout, 500, 1, 10)
	c.Reduction(noon.Add(time.Hour))
	poll(c, rollout.Treated, 5000, 1, 10)
	c.Moved(noon.Add(90 * time.Minute))
	poll(c, rollout.Treated, 5000, 1, 2)
	poll(c, rollout.Holdout, 500, 1, 10)
	wantReduction(t, c, noon.Add(2*time.Hour), 0.8)
}

// Linear counting: half a million actors of an arm in an hour.
func TestManyActorsAreCounted(t *testing.T) {
	c := guard.NewComparison(noon)
	poll(c, rollout.Treated, 500_000, 100, 1)
	poll(c, rollout.Holdout, 5000, 1, 1)
	e, _ := c.Reduction(noon)
	if math.Abs(e.Treated.Actors/500_000-1) > 0.02 {
		t.Errorf("got %.0f actors, want 500,000 within 2 %%", e.Treated.Actors)
	}
}

func TestCountingActorsDoesNotAllocate(t *testing.T) {
	c := guard.NewComparison(noon)
	actor := uint64(0)
	allocated := testing.AllocsPerRun(1000, func() {
		actor++
		c.Acted(rollout.Treated, actor)
		c.Called(rollout.Treated, actor)
	})
	if allocated != 0 {
		t.Errorf("got %v allocations, want none", allocated)
	}
}

func TestAComparisonTakesAsMuchMemoryAsItSays(t *testing.T) {
	bytes := bytesOf(func() any { return guard.NewComparison(noon) })
	if bytes > 100_000 {
		t.Errorf("takes %d bytes, want at most 100,000", bytes)
	}
}

func BenchmarkActed(b *testing.B) {
	c := guard.NewComparison(noon)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		actor := rand.Uint64() % 1000
		for pb.Next() {
			actor = (actor + 1) % 1000
			c.Acted(rollout.Treated, actor)
		}
	})
}
