package push

import (
	"sync"
	"time"
)

// pace keeps events apart. It admits a burst of a second's worth, at least one.
type pace struct {
	apart time.Duration // set by newPace, then read-only

	mu   sync.Mutex
	next time.Time // when the next would be due if none came early; guarded by mu
}

func newPace(perSecond float64) *pace { return &pace{apart: seconds(1 / perSecond)} }

// allow reports whether an event may happen now.
func (p *pace) allow(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next.Sub(now) > max(0, time.Second-p.apart) {
		return false
	}
	p.next = later(p.next, now).Add(p.apart)
	return true
}

// signals gives turns to those who are told that something changed, route by
// route: they fetch at most so often, whatever the documents.
type signals struct {
	mu   sync.Mutex
	next map[string]time.Time // the first free turn of each route; guarded by mu
}

func newSignals() *signals { return &signals{next: map[string]time.Time{}} }

// turn returns when one more client of a route may fetch, if all of them
// together do so budget times per second. Where few are waiting, that is soon:
// with n watchers, each told once, after n ÷ budget seconds at most.
func (s *signals) turn(route string, budget int, now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	turn := later(s.next[route], now)
	s.next[route] = turn.Add(time.Second / time.Duration(budget))
	return turn
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
