package coalescer

import "sync/atomic"

// seat is a feed's place in the store.
type seat struct {
	chained atomic.Pointer[Feed] // the next of its slot; set under shard.mu
	used    atomic.Int64         // last, on the store's clock
	pins    atomic.Int32         // polls, calls and watches that need it; gone when it has left

	// Guarded by shard.mu.
	older, newer *Feed    // in the order of eviction
	ranked       int64    // the use by which it stands there
	size         int64    // bytes accounted for, what it has in common with others apart
	body         *content // which it has in common with others; may be nil
}

// gone is what pins says of a feed that has left the store. It never comes back.
const gone = -1

// hold keeps the feed in the store until it is let go; it fails when it has left.
func (s *seat) hold() bool {
	for {
		n := s.pins.Load()
		if n == gone || s.pins.CompareAndSwap(n, n+1) {
			return n != gone
		}
	}
}

// leave takes a feed out for good that nobody holds; the shard is locked.
func (s *seat) leave() bool { return s.pins.CompareAndSwap(0, gone) }

// take notes what the feed holds, nil if nothing, and how many bytes of its past, and returns by how many bytes that is
// more than before. What is held in common counts once.
func (s *seat) take(held *Snapshot, events int64) (more int64) {
	var body *content
	if held != nil {
		body = held.content
	}
	more = held.size() + events - s.size
	s.size += more
	if body != s.body {
		more += body.shared() - s.body.left()
		s.body = body
	}
	return more
}

// order is the feeds of a shard in the order in which they are to go. It is that of their last use as far as is known:
// a hit only says when it was, and the feed is ranked by it when its turn comes.
type order struct {
	oldest, newest *Feed // guarded by shard.mu
}

// add puts a feed last.
func (o *order) add(f *Feed, used int64) {
	f.seat.ranked, f.seat.older, f.seat.newer = used, o.newest, nil
	if o.newest == nil {
		o.oldest = f
	} else {
		o.newest.seat.newer = f
	}
	o.newest = f
}

func (o *order) remove(f *Feed) {
	older, newer := f.seat.older, f.seat.newer
	if older == nil {
		o.oldest = newer
	} else {
		older.seat.newer = newer
	}
	if newer == nil {
		o.newest = older
	} else {
		newer.seat.older = older
	}
	f.seat.older, f.seat.newer = nil, nil
}
