package proxy

import (
	"sync"
	"time"
)

const (
	// rateBurst is how much of what it may do a client may do at once: pages load in bursts.
	rateBurst = 10 * time.Second

	// mostRated is how many clients of each rate are remembered at least. Beyond it those are
	// forgotten who have asked for nothing for longest, and may begin with a burst again.
	mostRated = 1 << 16
)

// A rate bounds how often each of many clients may do something. Who has not been heard of for
// a while is forgotten a generation at a time, so that none of it costs more than a look into
// two maps.
type rate[K comparable] struct {
	// Set by newRate, then read-only.
	apart time.Duration // between two of a client, in the long run
	began time.Time

	mu         sync.Mutex
	young, old map[K]time.Duration // since began: when the next of each would be due if none came early; guarded by mu
}

// newRate returns a rate of so many per second; nil, which bounds nobody, for 0.
func newRate[K comparable](perSecond int) *rate[K] {
	if perSecond <= 0 {
		return nil
	}
	return &rate[K]{apart: time.Second / time.Duration(perSecond), began: time.Now(), young: map[K]time.Duration{}}
}

// take returns 0 if a client may do it now, which counts, else how long it has to wait.
func (r *rate[K]) take(client K) (wait time.Duration) {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Since(r.began)
	due, ok := r.young[client]
	if !ok {
		due = r.old[client]
	}
	if wait = due - now - (rateBurst - r.apart); wait <= 0 {
		due, wait = max(due, now)+r.apart, 0
	}
	r.remember(client, due)
	return wait
}

// remember is called with mu held.
func (r *rate[K]) remember(client K, due time.Duration) {
	if len(r.young) >= mostRated {
		r.young, r.old = map[K]time.Duration{}, r.young
	}
	r.young[client] = due
}
