package forward

import (
	"sync/atomic"
	"time"
)

// A rank is how an endpoint stands; the lower the better.
type rank int

const (
	sound   rank = iota
	doubted      // it seems to be leaving
	ejected      // it failed
)

const (
	// leastLeave is how long an endpoint is left alone at first.
	leastLeave = time.Second
	// doublings bounds how often that is doubled: half a day is beyond any use.
	doublings = 16
)

// A standing is what requests and checks have seen of an endpoint.
type standing struct {
	most time.Duration // set by newEndpoint: that it is left alone; 0 is never

	failures leave       // connections without an answer
	signs    leave       // that it is about to go, see signed
	unfit    atomic.Bool // by its checks
}

func (s *standing) rank(now time.Time) rank {
	switch {
	case s.unfit.Load() || s.failures.lasts(now):
		return ejected
	case s.signs.lasts(now):
		return doubted
	}
	return sound
}

// failed notes a failure, and reports whether it is the first in a row.
func (s *standing) failed() bool { return s.failures.extend(s.most) == 1 }

// signed notes a sign that the endpoint is about to go: it closed a connection, or said that
// it will (RFC 9112 §9.6). Servers that do that after so many requests do it on one
// connection; one that stops does it on all.
func (s *standing) signed() { s.signs.extend(s.most) }

// answered notes an answer, and whether the connection stays open. It reports whether that
// is the first after failures.
func (s *standing) answered(stays bool) bool {
	if stays {
		s.signs.end()
	}
	return s.failures.end()
}

// A leave is a time in which an endpoint is left alone. It doubles when it is granted again.
type leave struct {
	times atomic.Int32
	until atomic.Pointer[time.Time]
}

func (l *leave) lasts(now time.Time) bool {
	until := l.until.Load()
	return until != nil && now.Before(*until)
}

// extend grants another leave, of most at the most, and returns how many there were in a row.
func (l *leave) extend(most time.Duration) int32 {
	n := l.times.Add(1)
	until := time.Now().Add(min(leastLeave<<min(n-1, doublings), most))
	l.until.Store(&until)
	return n
}

// end ends the row, and reports whether there was one. It costs next to nothing if not.
func (l *leave) end() bool {
	if l.times.Load() == 0 || l.times.Swap(0) == 0 {
		return false
	}
	l.until.Store(nil)
	return true
}
