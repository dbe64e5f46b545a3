package coalescer

import (
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// writers bounds how many identities' last writes are remembered. Forgetting
// one costs its owner a view of at most one interval's age.
const writers = 1 << 16

// writes remembers when each identity last changed something, so that it reads
// its own writes: whatever was asked for before is stale for it.
type writes struct {
	at     *lru.Cache[Identity, time.Time]
	latest atomic.Int64 // of all, Unix nanoseconds: spares the look-up where nobody wrote
	all    atomic.Int64 // when everyone counts as having written, Unix nanoseconds
}

func newWrites() *writes {
	at, err := lru.New[Identity, time.Time](writers)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &writes{at: at}
}

// note records a write by id that was answered at t.
func (w *writes) note(id Identity, t time.Time) {
	w.at.Add(id, t)
	raise(&w.latest, t)
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
	if w.latest.Load() < t.UnixNano() {
		return false
	}
	if w.all.Load() >= t.UnixNano() {
		return true
	}
	at, ok := w.at.Peek(id)
	return ok && !at.Before(t)
}
