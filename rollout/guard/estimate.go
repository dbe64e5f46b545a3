package guard

import (
	"cmp"
	"math"
)

// An Estimate is what share of its upstream calls an actor is spared by being
// treated, with an interval that covers the truth Level of the time.
type Estimate struct {
	Point, Low, High float64 // at most 1; below 0 if there were more calls than without
	Level            float64 // 0.95
	Treated, Holdout Count
	Missing          string // what is missing for an estimate, "" if nothing is
}

// A Count is the actors of an arm, each once for every hour in which it acted, and the
// calls made for them.
type Count struct{ Actors, Calls float64 }

// PerActor returns the calls for an actor in an hour, 0 if there was none.
func (c Count) PerActor() float64 {
	if c.Actors == 0 {
		return 0
	}
	return c.Calls / c.Actors
}

// What is too little for an estimate. Below, the interval would not cover what it
// says: calls per actor are skewed, and few actors hide by how much.
const (
	leastActors = 200 // of either arm
	leastCalls  = 100 // likewise
)

// level is how often the interval covers the truth.
const level = 0.95

// estimate compares the calls per actor of two arms. The interval is one of the
// logarithm of their ratio (delta method), because calls per actor are skewed, with
// the quantile of Student's t for as many bins as there are (Welch).
func estimate(treated, holdout *population) (e Estimate, ok bool) {
	t, h := rateOf(treated), rateOf(holdout)
	e = Estimate{Level: level, Treated: t.Count, Holdout: h.Count}
	e.Missing = missing(t, h)
	if e.Missing != "" {
		return e, false
	}
	variance := t.variance + h.variance
	freedom := (bins - 1) * variance * variance / (t.variance*t.variance + h.variance*h.variance)
	reach := studentQuantile((1+level)/2, int(freedom)) * math.Sqrt(variance)
	ratio := t.PerActor() / h.PerActor()
	e.Point, e.Low, e.High = 1-ratio, 1-ratio*math.Exp(reach), 1-ratio*math.Exp(-reach)
	return e, true
}

func missing(t, h rate) string {
	return cmp.Or(
		needs(leastActors, h.different, "actors in the holdout"),
		needs(leastActors, t.different, "treated actors"),
		needs(leastCalls, uint32(h.Calls), "calls of the holdout"),
		needs(leastCalls, uint32(t.Calls), "calls of treated actors"),
	)
}

// A rate is the calls per actor of an arm, and the variance of their logarithm.
type rate struct {
	Count
	variance  float64
	different uint32 // about how many actors there were whatever the hours, at most 266
}

// rateOf linearizes the ratio of two sums over bins (Cochran, Sampling Techniques, 6.3).
func rateOf(p *population) rate {
	actors, calls := p.sums()
	r := rate{Count: Count{Actors: actors, Calls: calls}, different: p.different()}
	if calls == 0 {
		return r
	}
	var squares float64
	for _, b := range p {
		residual := b.calls - r.PerActor()*b.actors
		squares += residual * residual
	}
	r.variance = bins / (bins - 1.0) * squares / (calls * calls)
	return r
}
