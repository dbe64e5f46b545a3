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
//
// Times are nanoseconds since start, by the clock that nobody sets: by the other one a
// write, or the end of a session, could come before what was asked for earlier.
type writes struct {
	start  time.Time
	rows   [2][writers]atomic.Int64
	latest atomic.Int64 // of all: spares the look-up where nobody wrote
	all    atomic.Int64 // when everyone counts as having written
}

// longAgo is before all that a new coalescer may be told of, as by another instance,
// and is to believe that nobody has written since.
const longAgo = 1000 * time.Hour

func newWrites() *writes { return &writes{start: time.Now().Add(-longAgo)} }

// at returns a time as it is kept.
func (w *writes) at(t time.Time) int64 { return int64(t.Sub(w.start)) }

// of returns the two places of an identity.
func (w *writes) of(id *Identity) (a, b *atomic.Int64) {
	return &w.rows[0][binary.LittleEndian.Uint64(id[:8])%writers], &w.rows[1][binary.LittleEndian.Uint64(id[8:])%writers]
}

// note records a write by id that was answered at t.
func (w *writes) note(id Identity, t time.Time) {
	a, b := w.of(&id)
	at := w.at(t)
	raise(a, at)
	raise(b, at)
	raise(&w.latest, at) // last: who reads it later reads the others, too
}

// noteAll records that anybody may have written until t.
func (w *writes) noteAll(t time.Time) {
	raise(&w.all, w.at(t))
	raise(&w.latest, w.at(t))
}

// raise sets a time unless it is later already.
func raise(to *atomic.Int64, at int64) {
	for {
		before := to.Load()
		if at <= before || to.CompareAndSwap(before, at) {
			return
		}
	}
}

// since reports whether id wrote at t or later. In doubt, at equal times, it
// did: the price is one call.
func (w *writes) since(id Identity, t time.Time) bool {
	at := w.at(t)
	if w.latest.Load() < at {
		return false
	}
	if w.all.Load() >= at {
		return true
	}
	a, b := w.of(&id)
	return min(a.Load(), b.Load()) >= at
}
