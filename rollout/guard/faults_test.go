package guard

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

var percents = []rollout.Percent{1_000, 25_000, rollout.Everyone}

// faultSeeds returns how often each fault is simulated.
func faultSeeds() uint64 { return min(3, seeds()) }

func failing(verdicts []Verdict, guard string) bool {
	return slices.ContainsFunc(verdicts, func(v Verdict) bool { return v.Guard == guard && v.Outcome == Fail })
}

func anyFailing(verdicts []Verdict) (text string, found bool) {
	for _, v := range verdicts {
		if v.Outcome == Fail {
			return v.Text, true
		}
	}
	return "", false
}

func TestAFaultIsSeenWithinFiveSecondsOfItsEvidence(t *testing.T) {
	tests := []struct {
		name  string
		fault fault
		guard string
	}{
		{"all treated polls fail", fault{treated: 1}, Errors},
		{"most treated polls fail", fault{treated: 0.8}, Errors},
		{"half of the treated polls fail through Pollard", fault{ours: 0.5}, Errors},
		{"treated polls take a second more", fault{slow: time.Second}, Latency},
		{"what is in memory is no longer revalidated", fault{stale: 0.9}, Staleness},
		{"tags are frozen", fault{shadow: 0.5, dryRun: 0.5}, Mismatches},
		{"everyone is given one person's page", fault{shadow: 0.95, dryRun: 0.95}, Mismatches},
		{"watches break", fault{watches: 0.9}, Watches},
	}
	for _, test := range tests {
		for _, percent := range percents {
			t.Run(fmt.Sprintf("%s at %v %%", test.name, percent), func(t *testing.T) {
				for seed := range faultSeeds() {
					w := newWorld(seed, 500, percent, rollout.Push)
					for range 90 {
						if text, found := anyFailing(w.second()); found {
							t.Fatalf("seed %d: before the fault: %s", seed, text)
						}
					}
					w.strike(test.fault)
					w.mustFall(t, test.guard)
				}
			})
		}
	}
}

func (w *world) mustFall(t *testing.T, guard string) {
	t.Helper()
	since := 0 // the evidence is in, in seconds
	for passed := 1; ; passed++ {
		verdicts := w.second()
		if failing(verdicts, guard) {
			t.Logf("seen after %d s, %d s after the evidence was in", passed, since)
			return
		}
		if w.evidenceIsIn(guard) {
			since++
		}
		if since >= 5 {
			t.Fatalf("%s does not fail %d s after the evidence is in, %d s after the fault: %v",
				guard, since, passed, verdicts)
		}
	}
}

// docs/measuring.md has these figures.
func TestSmallerFaultsTakeLonger(t *testing.T) {
	t.Parallel()
	tests := []struct {
		share   float64 // of treated polls that fail
		seconds int     // at most
	}{{1, 5}, {0.5, 7}, {0.2, 12}, {0.1, 20}, {0.05, 60}}
	for _, test := range tests {
		var slowest int
		for seed := range min(10, seeds()) {
			w := newWorld(seed, 500, 25_000, rollout.Coalesce)
			for range 90 {
				w.second()
			}
			w.strike(fault{treated: test.share})
			passed := 1
			for ; !failing(w.second(), Errors) && passed <= test.seconds; passed++ {
			}
			slowest = max(slowest, passed)
		}
		t.Logf("%v %%: seen after %d s at most", 100*test.share, slowest)
		if slowest > test.seconds {
			t.Errorf("%v %% of treated polls fail: not seen after %d s", 100*test.share, test.seconds)
		}
	}
}

// A climb is on its way when the fault strikes, and nothing was seen yet of those who
// were just put on the rung.
func TestAFaultIsSeenInTheMomentOfAMove(t *testing.T) {
	for guard, f := range map[string]fault{
		Errors:     {treated: 1},
		Latency:    {slow: 2 * time.Second},
		Mismatches: {shadow: 0.95, dryRun: 0.95},
	} {
		w := newWorld(1, 500, 1_000, rollout.Coalesce)
		for range 30 {
			w.second()
		}
		w.stand(25_000)
		w.monitor.Moved(w.now, rollout.Coalesce)
		w.strike(f)
		w.mustFall(t, guard)
	}
}

// Few actors may differ for reasons of their own, so it takes until each was seen to
// fail most of the time.
func TestAFaultOfFewActorsIsSeenWithinTwoMinutes(t *testing.T) {
	w := newWorld(1, 100, 0, rollout.Coalesce)
	for i := range 4 {
		w.actors[i].arm = rollout.Treated
	}
	for range 60 {
		w.second()
	}
	w.strike(fault{treated: 1})
	for passed := 1; ; passed++ {
		if failing(w.second(), Errors) {
			t.Logf("seen after %d s", passed)
			return
		}
		if passed == 120 {
			t.Fatalf("not seen: %v", w.monitor.Verdicts(w.now))
		}
	}
}

func TestWhatHitsEveryoneIsNoReasonToFall(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault fault
	}{
		{"upstream fails often", fault{upstream: 0.3}},
		{"upstream is down", fault{upstream: 1}},
		{"upstream is slow", fault{slowBoth: 2 * time.Second}},
		{"replicas lag a little", fault{shadow: 0.003, dryRun: 0.003}},
	}
	for _, test := range tests {
		for _, percent := range percents {
			for seed := range faultSeeds() {
				w := newWorld(seed, 500, percent, rollout.Push)
				for second := range 150 {
					if second%60 == 30 { // comes and goes
						w.strike(test.fault)
					} else if second%60 == 59 {
						w.strike(fault{})
					}
					if text, found := anyFailing(w.second()); found {
						t.Errorf("%s at %v %%, seed %d, second %d: %s", test.name, percent, seed, second, text)
						break
					}
				}
			}
		}
	}
}
