package changes

import (
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/ledger"
)

// Cover is what a route relies on for news of its changes.
type Cover struct {
	Sources []ledger.Source // all of them must be alive; none is no cover
	Timeout time.Duration   // a source is believed alive this long after its last sign

	// Turn is told when the route is covered, and when it is no more. It must
	// return soon and not call back.
	Turn func(alive bool)
}

// Liveness is which sources are alive, and so which routes are covered.
type Liveness struct {
	log *slog.Logger

	mu     sync.Mutex                  // held while routes are told, so that they are told in order
	heard  map[ledger.Source]time.Time // the last sign of each; guarded by mu, as all that follows
	routes map[string]*route
	expiry *time.Timer // when the next route is due to be looked at
	closed bool
}

type route struct {
	Cover
	alive bool
}

// New returns a liveness that covers no route yet.
func New(log *slog.Logger) *Liveness {
	l := &Liveness{log: log, heard: map[ledger.Source]time.Time{}, routes: map[string]*route{}}
	l.expiry = time.AfterFunc(time.Hour, l.expire)
	return l
}

// Cover puts other routes in force, by name. Each is told how it stands; one
// that is not named any more, that it is not covered.
func (l *Liveness) Cover(routes map[string]Cover) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, before := range l.routes {
		if _, stays := routes[name]; !stays {
			before.Turn(false)
		}
	}
	now, after := time.Now(), make(map[string]*route, len(routes))
	for name, c := range routes {
		before := l.routes[name]
		after[name] = &route{Cover: c, alive: before != nil && before.alive}
		if left, _ := l.left(after[name], now); left > 0 == after[name].alive {
			c.Turn(after[name].alive) // else review does
		}
	}
	l.routes = after
	l.review(now)
}

// Heard is a sign of life of a source.
func (l *Liveness) Heard(s ledger.Source) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.heard[s] = now
	for _, r := range l.routes {
		if !r.alive && slices.Contains(r.Sources, s) {
			l.review(now)
			return
		}
	}
}

// Lost says that a source is known to be gone: no timeout is waited for.
func (l *Liveness) Lost(s ledger.Source) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.heard, s)
	l.review(time.Now())
}

// Close stops telling. It may be called repeatedly.
func (l *Liveness) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.expiry.Stop()
}

func (l *Liveness) expire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.review(time.Now())
}

// review tells the routes whose cover has changed, and sets when to look again.
func (l *Liveness) review(now time.Time) {
	if l.closed {
		return
	}
	next := time.Hour
	for name, r := range l.routes {
		left, silent := l.left(r, now)
		alive := left > 0
		if alive != r.alive {
			r.alive = alive
			r.Turn(alive)
			l.report(name, alive, silent)
		}
		if alive {
			next = min(next, left)
		}
	}
	l.expiry.Reset(next)
}

// left returns how long r is covered if no source gives another sign, and which
// of them is the first to be believed no more.
func (l *Liveness) left(r *route, now time.Time) (left time.Duration, first ledger.Source) {
	if len(r.Sources) == 0 {
		return 0, ""
	}
	left = 1 << 62
	for _, s := range r.Sources {
		if s == ledger.Writes {
			continue // they pass through us: they are seen as long as we live
		}
		if d := l.heard[s].Add(r.Timeout).Sub(now); d < left {
			left, first = d, s
		}
	}
	return left, first
}

func (l *Liveness) report(name string, alive bool, silent ledger.Source) {
	if alive {
		l.log.Info("news cover the route: its documents are asked for when something tells of a change", "route", name)
		return
	}
	l.log.Warn("news cover the route no more: its documents are asked for at the interval", "route", name, "silent", string(silent))
}
