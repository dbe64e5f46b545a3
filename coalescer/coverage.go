package coalescer

import (
	"math"
	"sync/atomic"
	"time"
)

// Coverage is whether everything that tells of a route's changes is alive. While
// it is, documents are asked for on news, and every SafetyInterval.
type Coverage struct{ since atomic.Int64 } // Unix nanoseconds; 0 while it is not

// stretch is why a document is due later than its interval has it.
type stretch struct {
	by      *Coverage
	regular time.Time // when it is due without
}

// regular returns when f is due, if news did not cover the route.
func (f *Feed) regular() time.Time {
	if f.stretched != nil {
		return f.stretched.regular
	}
	return f.due
}

// Cover says whether everything that tells of r's changes is alive from now on.
// When it is no more, all that is held under r is due when it would have been
// without, or within an interval: not all of it at once.
func (c *Coalescer) Cover(r *Route, alive bool) {
	if alive {
		r.Coverage.since.CompareAndSwap(0, time.Now().UnixNano())
		return // what is held is stretched when it is confirmed next
	}
	if r.Coverage.since.Swap(0) == 0 {
		return
	}
	for _, f := range c.documents.find(func(*Feed) bool { return true }, math.MaxInt) {
		f.shrink(r.Coverage, time.Now())
	}
}

// stretched returns until when what upstream said is used, that was asked then
// and would be used until due. Of what changed before news covered the route
// nobody may have told.
func (r *Route) stretched(asked, due time.Time) time.Time {
	if r.Coverage == nil {
		return due
	}
	if since := r.Coverage.since.Load(); since == 0 || asked.UnixNano() < since {
		return due
	}
	if safe := asked.Add(r.SafetyInterval); safe.After(due) {
		return safe
	}
	return due
}

// keep has what is held used until due, since a call that began at asked, and
// longer while news cover the route. Not where there was news and it still is the
// same: then it may have come before upstream knew. Nor where another instance asked
// before f was there: what told of a change since then may have found no document.
func (f *Feed) keep(r *Route, same bool, asked, due time.Time) {
	doubtful := f.isTouched() && same
	f.observe(r, asked)
	f.asked, f.due, f.stretched = asked, due, nil
	if long := r.stretched(asked, due); long.After(due) && !doubtful && !asked.Before(f.born) {
		f.due, f.stretched = long, &stretch{r.Coverage, due}
	}
	if f.isTouched() {
		f.due, f.stretched = f.touches.last, nil
	}
}

// observe records how long the news took by which upstream was asked, where
// somebody waits for them.
func (f *Feed) observe(r *Route, asked time.Time) {
	if f.live != nil && r.Counts != nil && f.isTouched() && asked.After(f.touches.last) {
		r.Counts.NewsDelay(f.touches.by, time.Since(f.touches.first))
	}
}

// shrink ends the stretch that there was by coverage. Which part of the interval
// is left, where it has passed already, is the document's own.
func (f *Feed) shrink(by *Coverage, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.stretched
	if s == nil || s.by != by {
		return
	}
	f.stretched = nil
	due := s.regular
	if !due.After(now) {
		due = now.Add(s.regular.Sub(f.asked) * f.lot(3) / 256)
	}
	if due.Before(f.due) {
		f.due = due
	}
	if l := f.live; l != nil && !l.ticking {
		l.timer.Reset(f.untilTick(l.template.Route))
	}
}
