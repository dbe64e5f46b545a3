package coalescer

import (
	"encoding/binary"
	"sync/atomic"
	"time"
)

// writers is how many times of writes are kept in each of two rows.
const writers = 1 << 15

// writes remembers when each identity last changed something, so that it reads
// its own writes: whatever was asked for before is stale for it.
//
// A write stands in both rows, each time where another half of the identity has
// it, which is a keyed hash. So none is forgotten, nobody waits for anybody, and
// memory is bounded; where others wrote later in both places, it is later than
// it was, and the price is one call.
type writes struct {
	rows   [2][writers]atomic.Int64 // Unix nanoseconds
	latest atomic.Int64             // of all: spares the look-up where nobody wrote
	all    atomic.Int64             // when everyone counts as having written
}

// of returns the two places of an identity.
func (w *writes) of(id *Identity) (a, b *atomic.Int64) {
	return &w.rows[0][binary.LittleEndian.Uint64(id[:8])%writers], &w.rows[1][binary.LittleEndian.Uint64(id[8:])%writers]
}

// note records a write by id that was answered at t.
func (w *writes) note(id Identity, t time.Time) {
	a, b := w.of(&id)
	raise(a, t)
	raise(b, t)
	raise(&w.latest, t) // last: who reads it later reads the others, too
}

// noteAll records that anybody may have written until t.
func (w *writes) noteAll(t time.Time) {
	raise(&w.all, t)
	raise(&w.latest, t)
}

// raise sets a time unless it is later already.
func raise(to *atomic.Int64, t time.Time) {
	for {
		before := to.Load()
		if t.UnixNano() <= before || to.CompareAndSwap(before, t.UnixNano()) {
			return
		}
	}
}

// since reports whether id wrote at t or later. In doubt, at equal times, it
// did: the price is one call.
func (w *writes) since(id Identity, t time.Time) bool {
	at := t.UnixNano()
	if w.latest.Load() < at {
		return false
	}
	if w.all.Load() >= at {
		return true
	}
	a, b := w.of(&id)
	return min(a.Load(), b.Load()) >= at
}
