package memory

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// Tenths of the budget from which on something gives way. The rest is for what comes between two
// collections of garbage.
const (
	tightAt = 8 // stored answers
	fullAt  = 9 // newcomers
)

// pace is how often Run looks whether there was a collection: what is stored can grow by
// hundreds of megabytes in a second.
const pace = 100 * time.Millisecond

// Options for [New]. All are required.
type Options struct {
	// Bytes is the budget; 0 is none.
	Bytes int64
	// StoredBytes bounds what is stored while there is room.
	StoredBytes int64
	// Stored returns how many bytes are stored.
	Stored func() int64
	// Bound is told of another bound of what is stored, which must hold when it returns.
	Bound func(bytes int64)

	Log *slog.Logger
}

// A Budget is looked after by Run.
type Budget struct {
	options Options
	used    atomic.Int64
	full    atomic.Bool

	// Owned by Run.
	bound int64 // of what is stored
	said  string
}

// New returns a budget of which nothing is used yet.
func New(o Options) *Budget { return &Budget{options: o, bound: o.StoredBytes, said: enough} }

// IsFull reports whether newcomers are to be refused.
func (b *Budget) IsFull() bool { return b.full.Load() }

// Bytes returns how many bytes may be used; 0 is any number.
func (b *Budget) Bytes() int64 { return b.options.Bytes }

// Used returns how many bytes were in use when Run looked last.
func (b *Budget) Used() int64 { return b.used.Load() }

// Run looks after the budget until ctx ends. What is in use is known after each collection of
// garbage, so nothing is done twice on the word of one.
func (b *Budget) Run(ctx context.Context) {
	if b.options.Bytes <= 0 {
		return
	}
	tick := time.NewTicker(pace)
	defer tick.Stop()
	var last reading
	for {
		if now := read(); now.collections != last.collections {
			b.look(now.bytes)
			last = now
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// look does what follows from how much is in use.
func (b *Budget) look(used int64) {
	b.used.Store(used)
	tight := b.options.Bytes / 10 * tightAt
	stored := b.options.Stored()
	bound := b.bound
	if used > tight {
		bound = max(0, min(bound, stored)-(used-tight))
	} else {
		bound = min(b.options.StoredBytes, bound+(tight-used)/2) // half, as not all of it would be stored
	}
	if bound != b.bound {
		b.bound = bound
		b.options.Bound(bound)
	}
	b.full.Store(used > b.options.Bytes/10*fullAt)
	b.say(used)
}

// What is said of a budget, where it was something else before.
const (
	enough = "memory suffices"
	short  = "memory is short: stored answers give way"
	none   = "memory is short: new watchers are refused"
)

func (b *Budget) say(used int64) {
	now, level := enough, slog.LevelInfo
	switch {
	case b.full.Load():
		now, level = none, slog.LevelWarn
	case b.bound < b.options.StoredBytes:
		now, level = short, slog.LevelWarn
	}
	if now != b.said {
		b.options.Log.Log(context.Background(), level, now, "used", used, "budget", b.options.Bytes, "stored_bytes", b.bound)
		b.said = now
	}
}
