package observe

import "time"

// How long coalescing relies on what an identity was given, by the defaults of a
// route.
const (
	// A run of 304s is checked by an unconditional call after ten times `audit`.
	runOf304 = int64(10 * time.Minute)
	// Whoever asks without conditions wants the body, which is given out for an
	// `audit` only.
	bodies = int64(time.Minute)
	// Under verified an identity proves itself each `lease`, which is up to a
	// quarter shorter, each by a share of its own: an eighth on average.
	proofs = int64(time.Minute) * 7 / 8
)

// replay decides for each way of sharing whether coalescing would have made a
// call for this poll, by the rules of package coalescer.
func (p *page) replay(l *look, v *visit) {
	s := &p.sums
	if asks(l, &p.due) {
		s.Together++
	}
	if asks(l, &v.due) {
		s.Alone++
	}
	limit := runOf304
	if !l.Conditional && !v.confirmed {
		limit = bodies
	}
	s.Probed += v.probed.calls(l, &p.probeDue, limit)
	s.Proven += v.proven.joins(l, &p.circleDue)
}

// asks reports whether a document that is held until due has upstream asked for
// this poll, and what that makes of due.
func asks(l *look, held *int64) bool {
	switch {
	case l.Bypass != "":
		return true
	case l.at < *held:
		return false
	}
	*held = 0
	if l.isShareable() {
		*held = due(l)
	}
	return true
}

// own is the document of one identity, where others' news is relied upon.
type own struct {
	due  int64 // it would look again
	at   int64 // upstream was asked for this identity then; 0 for not yet
	news bool  // it has changed since
}

// calls returns how many calls are made under `share: changes`: a probe if the
// last is an interval old, and one for the identity itself if there is news, if
// it holds nothing yet, or if that is limit old.
func (o *own) calls(l *look, probeDue *int64, limit int64) (calls uint64) {
	switch {
	case l.Bypass != "":
		return 1
	case l.at < o.due:
		return 0
	case o.at == 0 || l.at-o.at > limit || !l.isShareable():
		o.ask(l)
		return 1
	case l.at >= *probeDue:
		*probeDue = due(l)
		calls++
	}
	if o.news {
		o.ask(l)
		return calls + 1
	}
	o.due = *probeDue
	return calls
}

// joins returns how many calls are made under `share: verified`: whoever asks
// for itself asks for all who were given the same.
func (o *own) joins(l *look, circleDue *int64) uint64 {
	switch {
	case l.Bypass != "":
		return 1
	case l.at < o.due:
		return 0
	case o.at != 0 && l.at-o.at <= proofs && !o.news && l.isShareable():
		if l.at < *circleDue {
			o.due = *circleDue
			return 0
		}
		*circleDue = due(l)
		o.due = *circleDue
		return 1
	}
	o.ask(l)
	*circleDue = max(*circleDue, o.due)
	return 1
}

// ask makes a call for this identity.
func (o *own) ask(l *look) {
	*o = own{}
	if l.isShareable() {
		o.at, o.due = l.at, due(l)
	}
}
