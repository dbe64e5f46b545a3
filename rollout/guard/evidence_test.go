package guard

import (
	"math"
	"math/rand/v2"
	"testing"
)

// This is what everything stands on: while treated polls fail no more often than
// untreated ones, no round multiplies the evidence by more than one on average,
// whatever treated polls have in common and however few the untreated are.
func TestARoundProvesNothingOnAverage(t *testing.T) {
	for _, n := range []int{0, 1, 5, 50, 500} {
		for _, p := range []float64{0.001, 0.01, 0.1, 0.5, 1} {
			mean := 0.0
			for failed := range n + 1 {
				// Treated polls all fail, with probability p, or none does.
				together := excess(portion{100, 100}, portion{uint32(failed), uint32(n)}, 0)
				mean += binomial(n, failed, p) * p * together
			}
			if mean > 1+1e-9 {
				t.Errorf("%d untreated polls of which %v fail: the average is %v, want at most 1", n, p, mean)
			}
		}
	}
}

func binomial(n, k int, p float64) float64 {
	if p == 1 {
		if k == n {
			return 1
		}
		return 0
	}
	choices := func(n int) float64 { l, _ := math.Lgamma(float64(n + 1)); return l }
	return math.Exp(choices(n) - choices(k) - choices(n-k) +
		float64(k)*math.Log(p) + float64(n-k)*math.Log(1-p))
}

// Against the worst that is allowed: all or nothing, exactly as often as may be. By
// the bound, of 2,000 runs of a thousand rounds no more than 200 should reach the
// level of 10,000.
func TestChanceReachesALevelNoSoonerThanItSays(t *testing.T) {
	const runs, rounds, level, share = 2000, 1000, 10_000, 0.02
	random := rand.New(rand.NewPCG(1, 1))
	reached := 0
	for range runs {
		var e evidence
		for range rounds {
			p := portion{0, 10}
			if random.Float64() < share {
				p.part = 10
			}
			e.limit(p, share)
			if e.rounds() >= level {
				reached++
				break
			}
		}
	}
	t.Logf("%d of %d runs reached the level", reached, runs)
	if reached > runs*rounds/level {
		t.Errorf("%d of %d runs reached the level, want at most %d", reached, runs, runs*rounds/level)
	}
}

func TestEvidenceIsUndoneByHealthyRounds(t *testing.T) {
	var e evidence
	for range 1000 {
		e.limit(portion{1, 1}, 0.01)
	}
	rounds := 0
	for ; e.isDoubtful(); rounds++ {
		e.limit(portion{0, 1}, 0.01)
	}
	if rounds > 60 {
		t.Errorf("doubtful for %d healthy rounds, want at most 60", rounds)
	}
}

func TestRoundsWithoutTreatedPollsSayNothing(t *testing.T) {
	e := evidence{5, 5, 5}
	e.compare(portion{0, 0}, portion{0, 100}, 0.01)
	e.limit(portion{0, 0}, 0.01)
	if e != (evidence{5, 5, 5}) {
		t.Errorf("got %v, want it unchanged", e)
	}
}
