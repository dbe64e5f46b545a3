package forward

import (
	"sync"
	"time"
)

// A pool keeps idle connections for the next request, the youngest first.
type pool struct {
	// set by newPool, then read-only
	most    int           // connections kept
	longest time.Duration // that one is kept
	onSweep func(now time.Time)
	stop    chan struct{} // closed by close
	stopped chan struct{} // closed when sweep has returned

	// guarded by mu
	mu     sync.Mutex
	terms  *terms  // of the links that are kept
	idle   []*link // by idleSince, the oldest first
	closed bool
}

func newPool(most int, longest time.Duration, t *terms) *pool {
	return &pool{most: most, longest: longest, terms: t, stop: make(chan struct{}), stopped: make(chan struct{})}
}

func (p *pool) start() { go p.sweep() }

// renew closes what is kept: from now on that is what is made under t.
func (p *pool) renew(t *terms) {
	p.mu.Lock()
	old := p.idle
	p.idle, p.terms = nil, t
	p.mu.Unlock()
	closeAll(old)
}

// get returns a kept connection that is still silent and open, or nil.
func (p *pool) get() *link {
	for {
		l := p.pop()
		if l == nil {
			return nil
		}
		if time.Since(l.idleSince) < p.longest && !l.hasEnded(time.Now()) && l.quiet() {
			l.reused = true
			return l
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
	if p.closed || len(p.idle) >= p.most || l.made != p.terms || l.hasEnded(l.idleSince) {
		return false
	}
	p.idle = append(p.idle, l)
	return true
}

// sweep closes what nobody came to fetch, until close.
func (p *pool) sweep() {
	defer close(p.stopped)
	tick := time.NewTicker(max(p.longest/2, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			return
		case now := <-tick.C:
			closeAll(p.takeOlder(now.Add(-p.longest)))
			p.onSweep(now)
		}
	}
}

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

func (p *pool) close() {
	closeAll(p.shut())
	<-p.stopped
}

func (p *pool) shut() []*link {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.closed = true
		close(p.stop)
	}
	idle := p.idle
	p.idle = nil
	return idle
}

func closeAll(links []*link) {
	for _, l := range links {
		l.Close()
	}
}
