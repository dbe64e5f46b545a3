package observe

import "time"

// trial is the dry run of one document: what coalescing would hold, which is
// what was seen first in each interval, against what upstream says to everybody
// else. Contradictions are resolved as by [duel]: by what the first to ask is
// given next.
type trial struct {
	given            // what would be held; with done, of what contradicts it
	due       int64  // upstream would be asked again; Unix nanoseconds
	contested uint64 // answers that contradicted it since
	until     int64  // the answer that tells is waited for
}

// run takes an answer of upstream. What is not shareable is not held, but what is
// held may stand in its place.
func (t *trial) run(l *look) (match, late, mismatch uint64) {
	switch {
	case l.at < t.due && l.state == t.state && t.contested == 0:
		return 1, 0, 0
	case l.at < t.done:
		return 0, 0, 0
	case t.contested > 0:
		return t.contest(l)
	case l.at < t.due:
		t.contested, t.done, t.until = 1, l.done(), l.at+4*int64(l.interval)
		return 0, 0, 0
	}
	t.hold(l)
	return 0, 0, 0
}

func (t *trial) hold(l *look) {
	*t = trial{}
	if l.isShareable() {
		*t = trial{given: l.given(), due: due(l)}
	}
}

func (t *trial) contest(l *look) (match, late, mismatch uint64) {
	contested := t.contested
	switch {
	case l.Who == t.who && l.state == t.state:
		t.hold(l)
		return 1, 0, contested
	case l.Who == t.who, l.at > t.until:
		t.hold(l)
		return 0, contested, 0
	case l.state == t.state:
		return 1, 0, 0
	}
	if l.at < t.due {
		t.contested++
	}
	return 0, 0, 0
}

// due returns when upstream is asked again for what l asks: an interval after
// this call began, and a pause after a slow one has ended.
func due(l *look) int64 {
	return max(l.at+int64(l.interval), l.at+int64(l.Took)+int64(min(l.interval, time.Second)))
}
