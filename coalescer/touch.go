package coalescer

import (
	"context"
	"time"

	"github.com/pollard-proxy/pollard/ledger"
)

// touches is what is known of those who told that a document changed.
type touches struct {
	last  time.Time     // when somebody did
	by    ledger.Source // who
	first time.Time     // when the first did since upstream told anything
	urged time.Time     // when the last call began that a touch called for
}

// patience bounds how long a poll waits until upstream may be asked again, after
// one touch upon another. Where min_interval is longer, polls are told what is
// held, as stale.
const patience = time.Second

// Touch says that the documents of a path may have changed, whatever their host,
// identity and variant; with a query, which begins with "?", only those of that
// one. The path is decoded. What upstream was asked for before is stale from now
// on: those who watch are told anew at once, others when they poll next. It
// returns how many documents there are.
//
// A touch only makes a document ask; it never tells anybody anything. However
// many there are, they cause one upstream call per MinInterval and document at
// most, and the last of them is never lost.
func (c *Coalescer) Touch(by ledger.Source, path, query string) (documents int) {
	feeds := c.documents.places.at(path, query)
	for _, f := range feeds {
		f.touch(by, time.Now())
	}
	return len(feeds)
}

// TouchAll is Touch for every path that is meant. It looks at every path there
// is.
func (c *Coalescer) TouchAll(by ledger.Source, isMeant func(path string) bool) (documents int) {
	for _, path := range c.documents.places.paths() {
		if isMeant(path) {
			documents += c.Touch(by, path, "")
		}
	}
	return documents
}

// touch makes f stale. A call that is under way may have been answered before
// the change; whoever polls from now on waits for the next:
//
//	call 1 ──► v1 ────────► lands: for those who waited, and stale
//	      touch ▲  poll ──► waits ──► call 2 ──► v2
func (f *Feed) touch(by ledger.Source, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.touches == nil {
		f.touches = &touches{}
	}
	if !f.isTouched() {
		f.touches.first = now
	}
	f.touches.last, f.touches.by, f.stretched = now, by, nil
	f.past.add(Event{Cause: CauseTouch, Detail: string(by)}, "", now)
	if f.due.After(now) {
		f.due = now
	}
	if l := f.live; l != nil && !l.ticking {
		l.timer.Reset(f.untilTick(l.template.Route))
	}
}

// isTouched reports whether news came of which upstream has not told yet. At
// equal times, in doubt, it has not: the price is one call.
func (f *Feed) isTouched() bool { return f.touches != nil && !f.asked.After(f.touches.last) }

// isUrgent reports whether upstream has neither told of the last touch nor been
// asked since.
func (f *Feed) isUrgent() bool { return f.isTouched() && !f.called.After(f.touches.last) }

// touched returns when f was last touched; zero before it was.
func (f *Feed) touched() (t time.Time) {
	if f.touches != nil {
		t = f.touches.last
	}
	return t
}

// soonest returns when upstream may be asked because of a touch, of which there
// was one.
func (f *Feed) soonest(r *Route) time.Time { return f.touches.urged.Add(r.MinInterval) }

// isPutOff reports whether upstream was asked so recently because of a touch
// that a poll which comes after another is told what is held.
func (f *Feed) isPutOff(r *Route, now time.Time) bool {
	return f.isUrgent() && f.soonest(r).Sub(now) > patience
}

// begin returns when a call for p begins: now, or, where only a touch calls for
// it, not sooner after the last one that did than the least interval. Whatever
// is touched until then, the call will have seen.
func (f *Feed) begin(p *Poll, now time.Time) time.Time {
	if !f.isUrgent() {
		return now
	}
	began := now
	if at := f.soonest(p.Route); at.After(now) && !f.c.writes.since(p.Writer, f.called) {
		began = at
	}
	f.touches.urged = began
	return began
}

// outwait waits for a call that began before the last touch, which p came after:
// there is one call at a time, and that one cannot answer p.
func (f *Feed) outwait(ctx context.Context, p *Poll) error {
	f.mu.Lock()
	fl := f.flight
	knows := f.knows(fl, p)
	f.mu.Unlock()
	if knows {
		return nil
	}
	select {
	case <-fl.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// knows reports whether p need not wait for a call before it is answered: there is none, it knows of the last touch, or p
// may begin another beside it.
func (f *Feed) knows(fl *flight, p *Poll) bool {
	return fl == nil || f.touches == nil || fl.began.After(f.touches.last) || f.c.writes.since(p.Writer, fl.began)
}

// sleepUntil returns at t, or with false when the context ends.
func sleepUntil(ctx context.Context, t time.Time) bool {
	d := time.Until(t)
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
