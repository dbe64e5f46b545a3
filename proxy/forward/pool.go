package forward

import (
	"math/rand/v2"
	"sync"
	"time"
)

// A pool keeps an endpoint's idle connections for the next request, the youngest first.
type pool struct {
	// set by newEndpoint, then read-only
	most    int           // connections kept
	longest time.Duration // that one is kept without a request
	oldest  time.Duration // that one may become; 0: any age

	// guarded by mu
	mu     sync.Mutex
	idle   []*link // by idleSince, the oldest first
	closed bool
}

// get returns a kept connection that is still silent and open, or nil; and whether another
// was found closed, or saying something that nobody asked for.
func (p *pool) get() (kept *link, lost bool) {
	for {
		l := p.pop()
		if l == nil {
			return nil, lost
		}
		if now := time.Now(); now.Sub(l.idleSince) < p.longest && !l.hasEnded(now) && !p.isAged(l, now) {
			if l.quiet() {
				l.reused = true
				return l, lost
			}
			lost = true
		}
		l.Close()
	}
}

func (p *pool) pop() *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	l := p.idle[last]
	p.idle[last] = nil
	p.idle = p.idle[:last]
	return l
}

// put keeps l, whose last response has been read to its end, or closes it.
func (p *pool) put(l *link) {
	l.idleSince = time.Now()
	if !p.keep(l) {
		l.Close()
	}
}

func (p *pool) keep(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= p.most || l.hasEnded(l.idleSince) || p.isAged(l, l.idleSince) {
		return false
	}
	p.idle = append(p.idle, l)
	return true
}

func (p *pool) isAged(l *link, now time.Time) bool {
	return p.oldest > 0 && now.Sub(l.born) >= p.oldest
}

// birth is when a new connection counts as opened: up to a tenth of its life ago, so that
// those that were opened together do not end together.
func (p *pool) birth() time.Time {
	now := time.Now()
	if tenth := p.oldest / 10; tenth > 0 {
		return now.Add(-rand.N(tenth))
	}
	return now
}

// sweep closes what nobody came to fetch.
func (p *pool) sweep(now time.Time) { closeAll(p.takeOlder(now.Add(-p.longest))) }

func (p *pool) takeOlder(than time.Time) []*link {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for n < len(p.idle) && p.idle[n].idleSince.Before(than) {
		n++
	}
	old := append([]*link(nil), p.idle[:n]...)
	kept := copy(p.idle, p.idle[n:])
	clear(p.idle[kept:])
	p.idle = p.idle[:kept]
	return old
}

// shut closes what is idle, and keeps nothing any more. It may be called repeatedly.
func (p *pool) shut() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	closeAll(idle)
}

func closeAll(links []*link) {
	for _, l := range links {
		l.Close()
	}
}
