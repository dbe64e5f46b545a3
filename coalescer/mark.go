package coalescer

import "bytes"

// mark is a place in what a feed tells. It outlives those who watch as long as
// what they were told is held: one who comes back may have missed nothing.
type mark struct {
	epoch  uint64 // when the feed began to count; Unix nanoseconds, 0 for no mark
	offset uint64 // counts the bodies
}

// after returns where a feed is that nobody watches and that held one snapshot,
// now that it holds another.
func (m mark) after(old, s *Snapshot) mark {
	switch {
	case m.epoch == 0:
	case s.Bodyless:
		return mark{}
	case !bytes.Equal(old.Body, s.Body):
		m.offset++
	}
	return m
}

// leaves returns where those who watched were, if that is what the feed holds.
func (l *live) leaves(held *Snapshot) mark {
	if held == nil || held.Bodyless || l.current == nil || !bytes.Equal(held.Body, l.current.Body) {
		return mark{}
	}
	return l.mark
}
