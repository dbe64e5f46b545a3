package guard

import "sync/atomic"

// A cell counts the polls of one group of actors on one side. It only ever rises
// (and wraps): who judges takes the difference from last time, so that whoever
// counts needs neither a clock nor a lock. Four billion polls between two
// judgements would be lost.
type cell struct {
	took   [buckets]atomic.Uint32 // polls, by how long they took
	failed atomic.Uint32
	ours   atomic.Uint32
	dated  atomic.Uint32 // answers whose age is known
	stale  atomic.Uint32
	_      [2]uint32 // three cache lines of 64 bytes
}

// counts is what a cell held at some time, or the difference of two.
type counts struct {
	took                       histogram
	failed, ours, dated, stale uint32
}

// since returns what c has counted since it held last, and moves last up to now.
func (c *cell) since(last *counts) counts {
	now := counts{failed: c.failed.Load(), ours: c.ours.Load(), dated: c.dated.Load(), stale: c.stale.Load()}
	for b := range c.took {
		now.took[b] = c.took[b].Load()
	}
	difference := now
	for b := range difference.took {
		difference.took[b] -= last.took[b]
	}
	difference.failed -= last.failed
	difference.ours -= last.ours
	difference.dated -= last.dated
	difference.stale -= last.stale
	*last = now
	return difference
}
