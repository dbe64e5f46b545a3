package coalescer

import (
	"encoding/binary"
	"sync/atomic"
)

// index finds the feeds of a shard by key. Whoever reads takes no lock, and is
// kept waiting by nobody; whoever writes holds the shard's.
//
// The feeds of a slot are chained, and move to other slots when there are more
// or fewer of those. Who reads meanwhile may be led into another chain:
//
//	read   slot 1: a ──► b ┄┄┄┄┄► c        key of d: not found
//	resize          b moves: b ──► c   a ──► d
//
// It comes to an end, since no chain is ever a ring, and finds what it asked for
// or nothing, which is no proof that there is nothing: who needs one looks again
// under the lock.
type index struct {
	slots atomic.Pointer[[]slot] // a power of two of them; nil before the first feed
	count int                    // guarded by shard.mu
}

// slot is where a chain begins.
type slot struct{ first atomic.Pointer[Feed] }

// minSlots is how many slots an index has at least, once there is a feed.
const minSlots = 8

// slotOf returns the slot of a key. Both parts of a key are keyed hashes: nobody
// outside can aim for one slot.
func slotOf(slots []slot, k *Key) *slot {
	h := binary.LittleEndian.Uint64(k.Target[8:]) ^ binary.LittleEndian.Uint64(k.Identity[8:])
	return &slots[h&uint64(len(slots)-1)]
}

// find returns the feed of a key; nil if there is none, or, without the lock, if
// it was being moved.
func (x *index) find(k *Key) *Feed {
	slots := x.slots.Load()
	if slots == nil {
		return nil
	}
	f := slotOf(*slots, k).first.Load()
	for f != nil && f.key != *k {
		f = f.seat.chained.Load()
	}
	return f
}

// add takes in a feed whose key has none; the shard is locked.
func (x *index) add(f *Feed) {
	x.count++
	if slots := x.slots.Load(); slots == nil || x.count > len(*slots) {
		x.resize(max(minSlots, 2*x.count))
	}
	chain(*x.slots.Load(), f)
}

// remove lets go of a feed that it has; the shard is locked. Who is reading it
// goes on to those behind it.
func (x *index) remove(f *Feed) {
	slots := *x.slots.Load()
	link := &slotOf(slots, &f.key).first
	for at := link.Load(); at != f; at = link.Load() {
		link = &at.seat.chained
	}
	link.Store(f.seat.chained.Load())
	x.count--
	if len(slots) > minSlots && x.count < len(slots)/8 {
		x.resize(max(minSlots, len(slots)/4))
	}
}

// resize moves all feeds to as many slots, rounded down to a power of two.
func (x *index) resize(n int) {
	for n&(n-1) != 0 {
		n &= n - 1
	}
	slots := make([]slot, n)
	if old := x.slots.Load(); old != nil {
		for i := range *old {
			for f := (*old)[i].first.Load(); f != nil; {
				next := f.seat.chained.Load()
				chain(slots, f)
				f = next
			}
		}
	}
	x.slots.Store(&slots)
}

func chain(slots []slot, f *Feed) {
	s := slotOf(slots, &f.key)
	f.seat.chained.Store(s.first.Load())
	s.first.Store(f)
}
