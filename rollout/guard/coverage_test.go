package guard

import (
	"math"
	"math/rand/v2"
	"testing"
)

// people are simulated actors who look at documents, and how often each polls. What
// they cost when treated is known, so the true reduction is.
type people struct {
	random    *rand.Rand
	polls     []float64   // of each actor
	documents [][]float64 // polls of the actors who look at each: parts of polls
	truth     float64
}

const mostViewers = 30 // of a document

func newPeople(random *rand.Rand, actors int, tail func(*rand.Rand) float64) *people {
	p := &people{random: random, polls: make([]float64, actors)}
	var total, shared float64
	for i := range p.polls {
		p.polls[i] = math.Ceil(20 * tail(random))
		total += p.polls[i]
	}
	for rest := p.polls; len(rest) > 0; {
		n := min(1+random.IntN(mostViewers), len(rest))
		p.documents = append(p.documents, rest[:n])
		shared += cost(rest[:n])
		rest = rest[n:]
	}
	p.truth = 1 - shared/total
	return p
}

// cost is what a document takes when all who look at it share: as many calls as the
// one among them polls who polls most.
func cost(viewers []float64) float64 {
	most := 0.0
	for _, polls := range viewers {
		most = max(most, polls)
	}
	return most
}

// treated is everyone, by a new draw of hashes and of who leads which call.
func (p *people) treated() *population {
	var in [mostViewers]uint64
	counted := new(population)
	for _, viewers := range p.documents {
		for i := range viewers {
			in[i] = p.random.Uint64() % bins
			counted[in[i]].actors++
		}
		for range int(cost(viewers)) {
			counted[in[p.random.IntN(len(viewers))]].calls++
		}
	}
	return counted
}

// holdout is some of them, drawn by lot.
func (p *people) holdout(actors int) *population {
	counted := new(population)
	for range actors {
		b := &counted[p.random.Uint64()%bins]
		b.actors++
		b.calls += p.polls[p.random.IntN(len(p.polls))]
	}
	return counted
}

func pareto(alpha float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return math.Pow(1-r.Float64(), -1/alpha) }
}

// The share of 2,000 intervals that cover the truth is itself off by half a point
// (one standard deviation of a binomial).
func TestTheIntervalCoversTheTruthAsOftenAsItSays(t *testing.T) {
	t.Parallel()
	const runs = 2000
	tests := []struct {
		name   string
		actors int // held out
		tail   func(*rand.Rand) float64
	}{
		{"300 actors", 300, lognormal(1)},
		{"300 actors, some of whom poll very often", 300, pareto(2.5)},
		{"3,000 actors", 3000, lognormal(1)},
		{"3,000 actors, some of whom poll very often", 3000, pareto(2.5)},
		{"30,000 actors", 30_000, lognormal(1)},
	}
	for _, test := range tests {
		if brief() && test.actors > 300 {
			continue
		}
		random := rand.New(rand.NewPCG(1, uint64(test.actors)))
		everyone := newPeople(random, 30*test.actors, test.tail)
		covered, judged := 0, 0
		var treated *population
		for run := range runs {
			if run%500 == 0 {
				treated = everyone.treated()
			}
			e, ok := estimate(treated, everyone.holdout(test.actors))
			if !ok {
				continue
			}
			judged++
			if e.Low <= everyone.truth && everyone.truth <= e.High {
				covered++
			}
		}
		if judged < runs*95/100 {
			t.Errorf("%s: estimated in %d of %d runs, want nearly all", test.name, judged, runs)
		}
		share := float64(covered) / float64(judged)
		t.Logf("%s: covered %.1f %%, reduction %.3f", test.name, 100*share, everyone.truth)
		if share < 0.93 || share > 0.97 {
			t.Errorf("%s: covered %.1f %% of the time, want 93 to 97", test.name, 100*share)
		}
	}
}
