package guard

import "math"

// fewGroups is the least number of groups of actors with polls from which anything
// is concluded about actors: one actor is one group.
const fewGroups = 3

// chance is the probability with which groups of actors that are alike are taken to
// differ.
const chance = 0.001

// differ reports whether the treated share is larger beyond what actors differ by:
// a one-sided t test on the groups, each of which is one observation however many
// polls it sent. The few actors of an arm may happen to include the one whose page
// has always been broken.
func differ(t, u *tally, of aspect) bool {
	a, b := spreadOf(t, of), spreadOf(u, of)
	if a.groups < fewGroups || b.groups < fewGroups || a.share <= b.share {
		return false
	}
	variance := a.variance + b.variance
	if variance == 0 {
		return true
	}
	freedom := variance * variance /
		(a.variance*a.variance/float64(a.groups-1) + b.variance*b.variance/float64(b.groups-1))
	return (a.share-b.share)/math.Sqrt(variance) >= studentQuantile(1-chance, int(freedom))
}

// groupsWith returns how many groups have any of an aspect.
func (t *tally) groupsWith(of aspect) int {
	n := 0
	for g := range t.groups {
		if of(&t.groups[g]).part > 0 {
			n++
		}
	}
	return n
}

// A spread is a share and how far it may be off, by how much groups differ.
type spread struct {
	share, variance float64
	groups          int // that have polls
}

// spreadOf linearizes the ratio of two sums (Cochran, Sampling Techniques, 6.3).
func spreadOf(t *tally, of aspect) spread {
	total := t.sum(of)
	s := spread{share: total.share()}
	var squares float64
	for g := range t.groups {
		p := of(&t.groups[g])
		if p.of == 0 {
			continue
		}
		s.groups++
		residual := float64(p.part) - s.share*float64(p.of)
		squares += residual * residual
	}
	if s.groups > 1 {
		n, k := float64(total.of), float64(s.groups)
		s.variance = k / (k - 1) * squares / (n * n)
	}
	return s
}
