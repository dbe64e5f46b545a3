package guard

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/test/program"
)

// hour returns how many seconds are simulated.
func hour() int {
	if brief() {
		return 300
	}
	return 3600
}

// seeds returns how many hours are simulated of each kind.
func seeds() uint64 {
	if brief() {
		return 1
	}
	return 20
}

// brief reports whether a simulation should only show that it runs: it runs in one
// goroutine, where the race detector finds nothing and takes ten times as long.
func brief() bool { return testing.Short() || program.Raced }

func TestAnHourOfHealthyTrafficFailsNoGuard(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{1, 100} {
		for seed := range seeds() {
			w := newWorld(seed, rate, percents[seed%3], rollout.Push)
			for second := range hour() {
				if text, found := anyFailing(w.second()); found {
					t.Errorf("%v polls/s, seed %d, second %d: %s", rate, seed, second, text)
					break
				}
			}
		}
	}
}

// At such a rate the polls of an hour are too many to draw one by one: each group of
// actors is given what it had in some second of a minute that was drawn so.
func TestAnHourOfHealthyTrafficAtAHighRateFailsNoGuard(t *testing.T) {
	t.Parallel()
	for seed := range seeds() {
		w := newWorld(seed, 5000, percents[seed%3], rollout.Coalesce)
		minute := w.record(60)
		w.monitor.Moved(w.now, rollout.Coalesce)
		for second := range hour() {
			w.replay(minute)
			if text, found := anyFailing(w.monitor.Verdicts(w.now)); found {
				t.Errorf("seed %d, second %d: %s", seed, second, text)
				break
			}
		}
	}
}

// record returns what the cells counted in each of some seconds.
func (w *world) record(seconds int) [][groups][sides]counts {
	recorded := make([][groups][sides]counts, seconds)
	var last [groups][sides]counts
	for i := range recorded {
		w.second()
		for g := range last {
			for s := range last[g] {
				recorded[i][g][s] = w.monitor.cells[g][s].since(&last[g][s])
			}
		}
	}
	return recorded
}

func (w *world) replay(recorded [][groups][sides]counts) {
	for g := range groups {
		for s := range sides {
			w.monitor.cells[g][s].add(&recorded[w.random.IntN(len(recorded))][g][s])
		}
	}
	w.now = w.now.Add(time.Second)
}

func (c *cell) add(n *counts) {
	for b, polls := range n.took {
		if polls > 0 {
			c.took[b].Add(polls)
		}
	}
	c.failed.Add(n.failed)
	c.dated.Add(n.dated)
	c.stale.Add(n.stale)
}

// Treated polls that wait for one call fail together. On average no more of them
// fail than of the others.
func TestPollsThatFailTogetherAreOneFailure(t *testing.T) {
	t.Parallel()
	const fail = 0.005
	for seed := range seeds() {
		random := rand.New(rand.NewPCG(seed, 1))
		now := time.Unix(0, 0)
		m := New(now, rollout.Coalesce, Options{})
		for second := range hour() {
			callFails := random.Float64() < fail
			for range 30 {
				m.Answered(Answer{Arm: rollout.Treated, Actor: random.Uint64(), Failed: callFails})
				m.Answered(Answer{Arm: rollout.Control, Actor: random.Uint64(), Failed: random.Float64() < fail})
			}
			now = now.Add(time.Second)
			if text, found := anyFailing(m.Verdicts(now)); found {
				t.Errorf("seed %d, second %d: %s", seed, second, text)
				break
			}
		}
	}
}

// Of ten treated actors one is broken, as is one in a hundred of the others.
func TestABrokenActorDoesNotConvictTheRung(t *testing.T) {
	for seed := range seeds() {
		random := rand.New(rand.NewPCG(seed, 2))
		treated, control := make([]uint64, 10), make([]uint64, 1000)
		for _, actors := range [][]uint64{treated, control} {
			for i := range actors {
				actors[i] = random.Uint64()
			}
		}
		now := time.Unix(0, 0)
		m := New(now, rollout.Coalesce, Options{})
		for range 600 {
			i := random.IntN(len(treated))
			m.Answered(Answer{Arm: rollout.Treated, Actor: treated[i], Failed: i == 0})
			for range 100 {
				k := random.IntN(len(control))
				m.Answered(Answer{Arm: rollout.Control, Actor: control[k], Failed: k%100 == 0})
			}
			now = now.Add(time.Second)
			if text, found := anyFailing(m.Verdicts(now)); found {
				t.Errorf("seed %d: %s", seed, text)
				break
			}
		}
	}
}

func TestWithoutTrafficEveryGuardHolds(t *testing.T) {
	now := time.Unix(0, 0)
	m := New(now, rollout.Push, Options{})
	for range hour() {
		now = now.Add(time.Second)
		verdicts := m.Verdicts(now)
		if len(verdicts) != 5 {
			t.Fatalf("got %d verdicts, want 5", len(verdicts))
		}
		for _, v := range verdicts {
			if v.Outcome != Hold {
				t.Fatalf("got %v: %s, want hold", v.Outcome, v.Text)
			}
		}
	}
}
