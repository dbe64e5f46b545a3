package coalescer

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
)

// live is the part of a feed that exists while somebody watches. Then the feed
// asks by itself, once per interval, as one of those who watch would.
//
// All of it is guarded by Feed.mu. Its methods can be called on nil.
type live struct {
	watches  map[*Watch]*Poll // the question of each, with fields and credentials
	template *Poll            // the one that is asked for all
	timer    *time.Timer      // to the next tick
	ticking  bool             // upstream is being asked
	began    time.Time        // when that began last
	turns    uint64           // counts who was proven, or asked for all
	cancel   context.CancelFunc

	mark                   // epoch, and offset, which counts the bodies
	current  *Snapshot     // the newest that has a body
	outdated bool          // there is a newer one, of which upstream has not given the body yet
	equal    tagRing       // other tags that this body had
	misses   int           // ticks in a row whose answer could not be shared
	changed  chan struct{} // closed, and made anew, when any of these has changed
}

// take hands a snapshot to those who watch, if its body is another: a tag may
// change without its content.
func (f *Feed) take(s *Snapshot) {
	l := f.live
	if l == nil || s == l.current {
		return
	}
	l.misses = 0
	if s.Bodyless {
		l.saw(s.Tag)
		return
	}
	old, waited := l.current, l.outdated
	l.current, l.outdated = s, false
	if old != nil && bytes.Equal(old.Body, s.Body) {
		if !etag.WeakEqual(old.Tag, s.Tag) {
			l.equal.add(old.Tag)
		}
		if waited {
			f.tell()
		}
		return
	}
	l.equal = tagRing{}
	l.offset++
	f.tell()
}

// saw says that upstream has this tag, to whoever got it: nobody is handed what
// is older, lest one who has the state already be sent back.
func (l *live) saw(tag etag.Tag) {
	if l != nil && l.current != nil && !l.knows(tag) {
		l.outdated = true
	}
}

// knows reports whether a client that has this tag has the current body.
func (l *live) knows(tag etag.Tag) bool {
	return etag.WeakEqual(tag, l.current.Tag) || l.equal.has(tag)
}

// tell has everybody who watches look again.
func (f *Feed) tell() {
	f.live.change()
	for w := range f.live.watches {
		f.rouse(w)
	}
}

// change has those look again who wait in [Watch.Next].
func (l *live) change() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// rouse has a watch look again that nobody waits for, as soon as mu is given
// back.
func (f *Feed) rouse(w *Watch) {
	if w.wake != nil {
		f.woken, w.wake = append(f.woken, w.wake), nil
	}
}

// refuses reports whether upstream refuses the document to whoever asked, by a
// redirect to where one signs in, too. A failure that may pass does not.
func refuses(status int) bool {
	return status >= 300 && status < 500 && status != http.StatusNotModified &&
		status != http.StatusTooManyRequests && status != http.StatusRequestTimeout
}

// by returns whether a question is of this identity.
func by(who Identity) func(*Poll) bool { return func(p *Poll) bool { return p.Writer == who } }

func everybody(*Poll) bool { return true }

// end is dismiss, for whoever does not hold mu.
func (f *Feed) end(e *Ended, isMeant func(*Poll) bool) {
	f.mu.Lock()
	defer f.unlock()
	f.dismiss(e, isMeant)
}

// dismiss ends the watches whose question is meant: nothing more will come of
// them. Where others are left, one of them asks from now on.
func (f *Feed) dismiss(e *Ended, isMeant func(*Poll) bool) {
	l, told := f.live, false
	if l == nil {
		return
	}
	for w, p := range l.watches {
		if isMeant(p) {
			w.ended, told = e, true
			f.rouse(w)
			delete(l.watches, w)
		}
	}
	if told {
		l.change()
		f.depart(l.template)
	}
}

// enter makes the feed live for one watch more. Watches of one identity share a
// question, which is the newest of theirs.
func (f *Feed) enter(w *Watch, p *Poll) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.live == nil {
		f.wake(p.Route)
	}
	l, own := f.live, *p
	own.Condition = etag.Condition{}
	if l.template == nil || f.key.Identity == (Identity{}) {
		l.watches[w] = &own
	} else {
		*l.template = own
		l.watches[w] = l.template
	}
	if l.template == nil {
		l.template = &own
	}
	w.live = l
	w.turn = l.next()
}

// wake begins a life of the feed.
func (f *Feed) wake(r *Route) {
	ctx, cancel := context.WithCancel(f.c.ctx)
	f.live = &live{
		watches: map[*Watch]*Poll{}, changed: make(chan struct{}), cancel: cancel,
		timer: time.AfterFunc(f.untilTick(r), func() { f.c.start(func() { f.tick(ctx) }) }),
	}
	switch {
	case f.left.epoch != 0:
		f.live.mark, f.live.current = f.left, f.snap
	case f.snap != nil:
		f.live.epoch = uint64(time.Now().UnixNano())
		f.take(f.snap)
	default:
		f.live.epoch = uint64(time.Now().UnixNano())
	}
	f.left = mark{}
}

// exit ends one watch.
func (f *Feed) exit(w *Watch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p, watches := w.live.watches[w]; watches {
		delete(w.live.watches, w)
		f.depart(p)
	}
}

// depart goes on without those who have gone, of whom one asked p. With the
// last goes what they waited for, and what upstream is being asked for them.
func (f *Feed) depart(p *Poll) {
	l := f.live
	switch {
	case len(l.watches) == 0:
		f.live = nil
		f.left = l.leaves(f.snap)
		l.timer.Stop()
		l.cancel()
	case l.template == p:
		for _, l.template = range l.watches {
			break
		}
	}
}

// untilTick returns how long it is until a live feed asks. Documents that are
// watched since the same moment, as after a restart, drift apart: each keeps
// an interval of its own, up to a twentieth longer.
func (f *Feed) untilTick(r *Route) time.Duration {
	switch {
	case f.isUrgent():
		return max(1, time.Until(f.soonest(r))) // later than the touch, beyond doubt
	case f.isAwaited():
		return max(0, time.Until(f.called.Add(r.MinInterval)))
	}
	return max(time.Until(f.dueWithin(r))+f.drift(r), r.MinInterval/2)
}

func (f *Feed) drift(r *Route) time.Duration { return f.interval(r) / 20 * f.lot(1) / 256 }

// lot returns a number below 256 that is the document's own.
func (f *Feed) lot(i int) time.Duration {
	return time.Duration(f.key.Target[i] ^ f.key.Identity[i])
}

func (f *Feed) interval(r *Route) time.Duration {
	if f.snap == nil {
		return r.Pace(0)
	}
	return f.adapted(r, PollInterval(f.snap.Header))
}

// tick asks upstream on behalf of those who watch, and sets the next tick. ctx
// is the life of the feed that it belongs to.
func (f *Feed) tick(ctx context.Context) {
	p := f.question(ctx)
	if p == nil {
		return
	}
	a, _ := f.Next(ctx, p) // a failure is upstream's: those who watch are told nothing, and it is asked again
	closeBody(a.Response)
	f.ticked(ctx, p.Route, a.Response)
}

// question is what the feed asks by itself: whether what it holds is current,
// or, once the lease has run out, for the body again. It is nil while upstream
// wants no polls.
func (f *Feed) question(ctx context.Context) *Poll {
	f.mu.Lock()
	defer f.unlock()
	if ctx.Err() != nil || f.live.ticking {
		return nil
	}
	l, now := f.live, time.Now()
	p := *l.template
	if quiet := p.Route.quietFor(now); quiet > p.Route.Lease {
		f.dismiss(&Ended{Status: http.StatusTooManyRequests}, everybody)
		return nil
	} else if quiet > 0 {
		l.timer.Reset(max(p.Route.MinInterval, p.Route.Lease/8))
		return nil
	}
	l.ticking, l.began = true, now
	if f.snap == nil || f.snap.Bodyless || f.leaseOver(p.Route, now) {
		p = *l.rotate()
		p.reason, p.since = ledger.Verify, now
		return &p
	}
	p.reason = ledger.Watch
	p.Condition = etag.ParseCondition(http.Header{"If-None-Match": {string(f.snap.Tag)}})
	return &p
}

// leaseOver reports whether those who watch must be proven anew. Leases end
// apart: each document's is up to a quarter shorter.
func (f *Feed) leaseOver(r *Route, now time.Time) bool {
	return now.Sub(f.proven) > f.lease(r)
}

func (f *Feed) lease(r *Route) time.Duration { return r.Lease - r.Lease/4*f.lot(2)/256 }

// dueWithin returns when a live feed is due: however far the interval is
// stretched, not after the lease is over.
func (f *Feed) dueWithin(r *Route) time.Time {
	due := f.proven.Add(f.lease(r) + 1)
	if regular := f.regular(); due.Before(regular) {
		due = regular
	}
	if f.due.Before(due) {
		return f.due
	}
	return due
}

// maxMisses is how many ticks in a row may bring what is for one reader alone
// until those who watch are sent back to polling.
const maxMisses = 3

// ticked sets the next tick: when what is held is due, or, after a failure, an
// interval later or when upstream says. alone is upstream's answer, if it could
// not be shared.
func (f *Feed) ticked(ctx context.Context, r *Route, alone *http.Response) {
	f.mu.Lock()
	defer f.unlock()
	if ctx.Err() != nil {
		return
	}
	f.live.ticking = false
	now, wait := time.Now(), f.untilTick(r)
	switch {
	case f.isUrgent() && !f.touches.last.After(f.live.began):
		wait = max(wait, r.MinInterval) // upstream fails, and what is held covers for it
	case !now.Before(f.due) && !f.isUrgent():
		wait = max(wait, f.interval(r))
	}
	if alone != nil {
		wait = max(wait, min(retryAfter(alone.Header, now), r.MaxInterval))
		if f.live.missed(alone.StatusCode) {
			f.dismiss(&Ended{Status: alone.StatusCode}, everybody)
			return
		}
	}
	f.live.timer.Reset(wait)
}

// missed counts an answer that could not be shared, unless it is a failure that
// may pass, and reports whether that makes too many.
func (l *live) missed(status int) bool {
	if refuses(status) || status < 400 {
		l.misses++
	}
	return l.misses >= maxMisses
}
