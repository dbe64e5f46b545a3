package observe

import "time"

// outcome is what comparing two answers came to.
type outcome uint8

const (
	nothing    outcome = iota // nothing yet
	agreed                    // equal
	changed                   // the document had changed in between
	differed                  // each is given its own
	unresolved                // it changes too fast to tell, or nobody came back
)

// duel finds out whether two clients are given the same document. If A was given
// X and within an interval B is given Y, the document may have changed in
// between or may not be the same for both; what A is given next tells:
//
//	A ── X ───────── X ──►   each has its own: differed
//	B ────── Y ──────────
//
//	A ── X ───────── Y ──►   it had changed: changed
//	B ────── Y ──────────
//
// Whatever cannot be told from the first is taken for it. An upstream of which
// one replica lags behind looks like that: the doubt is on the safe side.
//
// Each must have asked after the one before was answered. Of calls side by side
// the one that is answered last may be the older one.
type duel struct {
	given        // X to A
	rival uint64 // Y; 0 while nobody contradicts
	until int64  // A's answer is waited for
}

// given is what somebody was given in answer to a call.
type given struct {
	who, state uint64
	at, done   int64 // when the call began and ended; Unix nanoseconds
}

// meet takes what a client was given. compared is the state with which the
// client was last compared: a thousand polls of one pair at rest are one
// observation.
func (d *duel) meet(g given, within time.Duration, compared *uint64) outcome {
	switch {
	case d.who != 0 && g.at < d.done:
		return nothing
	case d.rival != 0:
		return d.resolve(g)
	case d.who == 0 || g.who == d.who || g.at-d.at > int64(within):
		*d = duel{given: g}
		return nothing
	case g.state == *compared:
		return nothing
	}
	*compared = g.state
	if g.state == d.state {
		*d = duel{given: g}
		return agreed
	}
	d.rival, d.done, d.until = g.state, g.done, g.at+4*int64(within)
	return nothing
}

// resolve waits for A.
func (d *duel) resolve(g given) outcome {
	if g.who != d.who && g.at <= d.until {
		return nothing
	}
	result := d.judge(g)
	*d = duel{given: g}
	return result
}

func (d *duel) judge(g given) outcome {
	switch {
	case g.who != d.who:
		return unresolved
	case g.state == d.state:
		return differed
	case g.state == d.rival:
		return changed
	}
	return unresolved
}
