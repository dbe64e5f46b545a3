package advice

import (
	"math"

	"github.com/pollard-proxy/pollard/rollout/observe"
)

// Estimate is a reduction between minus infinity (calls are added) and 1 (none is
// left), with its 95 % interval. Low and High are nil where the traffic seen can
// not be divided into enough parts to tell.
type Estimate struct {
	Point float64  `json:"point"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

// leastParts is from how many parts on their differences say something.
const leastParts = 8

// t95 are the two-sided 95 % quantiles of Student's t for leastParts-1 degrees of
// freedom and up.
var t95 = [...]float64{2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131}

// estimate computes a figure, and by the jackknife over the parts of the evidence
// how far it can be relied upon (Efron and Tibshirani, An Introduction to the
// Bootstrap, chapter 11).
func estimate(e *observe.Evidence, figure func(*observe.Sums) float64) Estimate {
	without := leaveOneOut(e, figure)
	k := len(without)
	point := figure(&e.Sums)
	if k < leastParts {
		return Estimate{Point: point}
	}
	mean, squares := 0.0, 0.0
	for _, w := range without {
		mean += w / float64(k)
	}
	for _, w := range without {
		squares += (w - mean) * (w - mean)
	}
	margin := t95[k-leastParts] * math.Sqrt(squares*float64(k-1)/float64(k))
	low, high := point-margin, min(1, point+margin)
	return Estimate{point, &low, &high}
}

// leaveOneOut returns the figure of all parts but one, for each that has polls.
func leaveOneOut(e *observe.Evidence, figure func(*observe.Sums) float64) []float64 {
	var all []float64
	for i := range e.Parts {
		if e.Parts[i].Polls == 0 {
			continue
		}
		var rest observe.Sums
		for j := range e.Parts {
			if j != i {
				rest.Add(&e.Parts[j])
			}
		}
		if rest.Polls > 0 {
			all = append(all, figure(&rest))
		}
	}
	return all
}
