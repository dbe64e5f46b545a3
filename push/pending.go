package push

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// pending bounds the bytes of bodies that are being written to clients which have yet to take
// them. Whoever would write more waits in line, and skips states meanwhile.
type pending struct {
	// Set by newPending, then read-only.
	slots *semaphore.Weighted
	most  int64

	bytes atomic.Int64
}

func newPending(most int64) *pending {
	return &pending{slots: semaphore.NewWeighted(most), most: most}
}

// hold waits until n more bytes may be pending, for so long at most, and reports whether they
// are. A body that is larger than the bound is written alone.
func (p *pending) hold(n int64, longest time.Duration) bool {
	n = min(n, p.most)
	if !p.slots.TryAcquire(n) && !p.queue(n, longest) {
		return false
	}
	p.bytes.Add(n)
	return true
}

func (p *pending) queue(n int64, longest time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	return p.slots.Acquire(ctx, n) == nil
}

// release lets go of n bytes that were held.
func (p *pending) release(n int64) {
	n = min(n, p.most)
	p.bytes.Add(-n)
	p.slots.Release(n)
}

// Pending returns how many bytes of bodies are being written to clients that have yet to take
// them.
func (h *Hub) Pending() int64 { return h.pending.bytes.Load() }
