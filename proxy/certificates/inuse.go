package certificates

import (
	"sync"
	"time"
)

// InUse counts connections by when the certificate ends that each was made with.
// The zero value is ready. It is safe for concurrent use.
type InUse struct {
	mu   sync.Mutex
	ends map[int64]int // connections by seconds of Unix time; guarded by mu
}

// Add counts a connection until remove is called, at most once. The zero time is
// of a connection without a certificate, which does not count.
func (u *InUse) Add(end time.Time) (remove func()) {
	if end.IsZero() {
		return func() {}
	}
	at := end.Unix()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ends == nil {
		u.ends = map[int64]int{}
	}
	u.ends[at]++
	return sync.OnceFunc(func() { u.remove(at) })
}

func (u *InUse) remove(at int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ends[at]--; u.ends[at] == 0 {
		delete(u.ends, at)
	}
}

// First returns the first end, the zero time while no connection counts.
func (u *InUse) First() (first time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for at := range u.ends {
		first = Earlier(first, time.Unix(at, 0))
	}
	return first
}
