package guard

// Evidence gathers, round by round, that a share is larger than it may be. It is a
// Shiryaev-Roberts sum of e-values (Shin, Ramdas, Rinaldo, arXiv:2203.03532): while
// the share is as it may be, a round multiplies it by at most one on average, so
// that it reaches a level c on average no sooner than after c rounds, however often
// one looks. Each round counts as one observation, whatever its polls have in common:
// a hundred polls that wait for one call fail together.
type evidence [len(stakes)]float64

// The stakes: what part of what has been gathered is bet on the next round. High
// ones find gross faults soon, low ones find small faults at all.
var stakes = [...]float64{0.3, 0.6, 0.9}

// mostEvidence bounds what one fault leaves behind, so that some healthy rounds undo it.
const mostEvidence = 1e12

// add takes in a round in which the share was excess times what it may be.
func (e *evidence) add(excess float64) {
	for i, stake := range stakes {
		e[i] = min((1-stake+stake*excess)*(e[i]+1), mostEvidence)
	}
}

// rounds returns how many healthy rounds it takes, on average and at least, to see
// as much by chance.
func (e *evidence) rounds() float64 {
	var sum float64
	for _, v := range e {
		sum += v
	}
	return sum / float64(len(e))
}

// tolerance is how much more often than untreated polls treated ones may fare badly,
// beyond a floor: a difference that is real and does not matter is no reason to fall.
const tolerance = 1.25

// excess returns how many times what is allowed the treated share is, where the
// untreated polls of the same round and floor say what is allowed. One is added to
// the untreated so that, for those that fail independently, the average over all
// rounds is at most one even if none of a few happened to fail:
// E[(n+1)/(f+1)] = (1-(1-p)^(n+1))/p ≤ 1/p.
func excess(t, u portion, floor float64) float64 {
	allowed := (tolerance*float64(u.part)+1)/float64(u.of+1) + floor
	return t.share() / allowed
}

// tolerated reports whether the treated share is no larger than may be.
func tolerated(t, u portion, floor float64) bool {
	return t.share() <= tolerance*u.share()+floor
}

// compare takes in a round of treated and untreated polls. Without treated ones it
// says nothing.
func (e *evidence) compare(t, u portion, floor float64) {
	if t.of > 0 {
		e.add(excess(t, u, floor))
	}
}

// limit takes in a round of what may happen to at most a share of those counted.
func (e *evidence) limit(p portion, most float64) {
	if p.of > 0 {
		e.add(p.share() / most)
	}
}
