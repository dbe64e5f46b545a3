package guard

// A round is what was counted between two judgements, or in all rounds of a window.
type round [sides]tally

// A tally is the polls of one side.
type tally struct {
	took         histogram
	groups       [groups]split
	dated, stale uint32
}

// A split is what the polls of one group of actors were like. What is slow was
// decided in its round, by what the untreated polls before it took.
type split struct {
	polls, failed, ours      uint32
	timed, pastTail, pastMid uint32
}

// limits are the last buckets that are not slow: by the tail and by the middle of
// what untreated polls take.
type limits struct{ tail, mid int }

// nothingIsSlow are the limits while too little is known.
var nothingIsSlow = limits{tail: buckets, mid: buckets}

func (t *tally) count(group int, c *counts, slow limits) {
	t.took.add(&c.took)
	t.dated += c.dated
	t.stale += c.stale
	timed := c.took.measured()
	s := split{polls: timed + c.took[unmeasured], failed: c.failed, ours: c.ours}
	if slow != nothingIsSlow {
		s.timed, s.pastTail, s.pastMid = timed, c.took.beyond(slow.tail), c.took.beyond(slow.mid)
	}
	t.groups[group] = s
}

func (r *round) add(other *round) {
	for s := range r {
		r[s].add(&other[s])
	}
}

func (t *tally) add(other *tally) {
	t.took.add(&other.took)
	t.dated += other.dated
	t.stale += other.stale
	for g := range t.groups {
		a, b := &t.groups[g], &other.groups[g]
		a.polls += b.polls
		a.failed += b.failed
		a.ours += b.ours
		a.timed += b.timed
		a.pastTail += b.pastTail
		a.pastMid += b.pastMid
	}
}

// A portion is some of many.
type portion struct{ part, of uint32 }

func (p portion) share() float64 {
	if p.of == 0 {
		return 0
	}
	// A poll is counted before its failure is: a judgement in between sees one too many.
	return float64(min(p.part, p.of)) / float64(p.of)
}

// The aspects of a split that are compared.
func failures(s *split) portion { return portion{s.failed, s.polls} }
func owns(s *split) portion     { return portion{s.ours, s.polls} }
func tails(s *split) portion    { return portion{s.pastTail, s.timed} }
func middles(s *split) portion  { return portion{s.pastMid, s.timed} }

// aged returns the answers from memory that are too old.
func (t *tally) aged() portion { return portion{t.stale, t.dated} }

type aspect func(*split) portion

func (t *tally) sum(of aspect) portion {
	var total portion
	for g := range t.groups {
		p := of(&t.groups[g])
		total.part += p.part
		total.of += p.of
	}
	return total
}
