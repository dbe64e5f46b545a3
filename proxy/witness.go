package proxy

import (
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/push"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/guard"
)

// witness returns what hears how those fare who watch q's document; nil where
// nobody is judged. What they are told is in the sample of what is checked, by the
// question that the watch was opened with.
func (h *Handler) witness(q *exchange, asks func() *coalescer.Poll) *push.Witness {
	t := q.route.trial
	if t == nil {
		return nil
	}
	return &push.Witness{
		Began: func() {
			t.monitor.WatchBegan()
			t.watching.add(q.actor, 1)
			t.comparison.Load().Acted(q.arm, q.actor)
		},
		Ended:  func() { t.watching.add(q.actor, -1) },
		Failed: t.monitor.WatchFailed,
		Told: func(s *coalescer.Snapshot) {
			if rt := h.tables.Load().named(q.route.Name); rt != nil {
				h.mayCheck(rt, asks(), s)
			}
		},
	}
}

// watching are the actors who watch. They act as long as they do: each counts in
// every hour, as one who polls does. Its zero value is empty.
type watching struct {
	counted time.Time // when they were last; owned by Judge

	mu      sync.Mutex
	watches map[uint64]int // of each actor; guarded by mu
}

// add changes how many watches an actor has.
func (w *watching) add(actor uint64, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watches == nil {
		w.watches = make(map[uint64]int)
	}
	if w.watches[actor] += n; w.watches[actor] == 0 {
		delete(w.watches, actor)
	}
}

// countWatching is how often who watches is counted: far more often than hours end.
const countWatching = time.Minute

// act counts whoever watches, all of whom are on the rung.
func (w *watching) act(now time.Time, c *guard.Comparison) {
	if now.Sub(w.counted) < countWatching {
		return
	}
	w.counted = now
	w.mu.Lock()
	defer w.mu.Unlock()
	for actor := range w.watches {
		c.Acted(rollout.Treated, actor)
	}
}
