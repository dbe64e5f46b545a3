package coalescer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
)

// Refused says that a document cannot be watched by who asked.
type Refused struct {
	Status int    // upstream's
	Reason string // why it cannot be pushed although upstream answered 200; else ""
}

func (e *Refused) Error() string {
	if e.Reason != "" {
		return fmt.Sprintf("upstream answered %d, which cannot be pushed: %s", e.Status, e.Reason)
	}
	return fmt.Sprintf("upstream answered %d", e.Status)
}

// Ended says that nothing more will come of a watch.
type Ended struct {
	Status    int  // upstream's answer, as to a poll: 401, 403, 404 …
	Reconnect bool // it is worth asking again at once
}

func (e *Ended) Error() string { return fmt.Sprintf("watch ended with status %d", e.Status) }

// Moment is the state of a document while it is watched.
type Moment struct {
	*Snapshot
	Epoch  uint64 // of the feed: offsets count from its beginning
	Offset uint64 // counts the states; equal bodies are one
}

// Watch is a subscription to a document: Next that waits, on the same feed that
// answers the polls. It belongs to whoever opened it, who must close it.
type Watch struct {
	feed   *Feed
	who    Identity
	live   *live // set by enter, then read-only
	closed sync.Once
	deaf   func() // ends the hearing of other instances; set by Coalescer.enter

	// Guarded by Feed.mu.
	ended  *Ended
	wake   func()   // to be called once when there is news; nil where nobody asked for that
	tag    etag.Tag // what its reader last had: tags of one body come and go
	offset uint64   // of the body that tag stood for
	turn   uint64   // when it was proven, or asked for all, in the count of live.turns
}

// Watch opens a watch for the one who asks p, after an unconditional call on
// their behalf was answered 200. It returns a [*Refused] if it was answered
// otherwise or cannot be pushed, and a [*CallError] if not at all, or if
// upstream cannot answer now; then it wraps a [*Refused] with what it said.
//
// A document that turns out to vary on more than p's key holds is refused as
// "vary"; with a new key, made of what the route has learnt, it may be watched.
//
// Watches of one identity ask by the Call of whichever was opened last: what it
// refers to, and p.Header, must not change as long as the document is watched.
func (c *Coalescer) Watch(ctx context.Context, p *Poll) (*Watch, error) {
	w := c.enter(p)
	if err := w.feed.admit(ctx, w, *p); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// enter opens a watch that has not been proven.
func (c *Coalescer) enter(p *Poll) *Watch {
	w := &Watch{feed: c.documents.acquire(p, c), who: p.Writer}
	c.watched.add(w)
	w.feed.enter(w, p)
	w.deaf = w.listen(p)
	return w
}

// admit proves that upstream gives the document to the one who asks.
func (f *Feed) admit(ctx context.Context, w *Watch, p Poll) error {
	p.Condition, p.reason, p.since = etag.Condition{}, ledger.Verify, time.Now()
	a, err := f.Next(ctx, &p)
	var alone *Unshareable
	switch {
	case err == nil && a.Response != nil:
		a.Response.Body.Close()
		reason := p.Route.unshareable(a.Response)
		if reason == "" {
			reason = reasonOversized // it took the body to tell
		}
		return refusal(a.Response.StatusCode, reason, failing(a.Response))
	case errors.As(err, &alone) && alone.Status == 0:
		return &CallError{alone}
	case errors.As(err, &alone):
		return refusal(alone.Status, alone.Reason, alone.Gate != nil)
	case err == nil && w.isOutgrown():
		return &Refused{Status: http.StatusOK, Reason: reasonVary}
	}
	return err
}

// refusal is what upstream's answer means to one who wants to watch.
func refusal(status int, reason string, fails bool) error {
	r := &Refused{Status: status}
	if status == http.StatusOK {
		r.Reason = reason
	}
	if fails || status == http.StatusRequestTimeout {
		return &CallError{r}
	}
	return r
}

// isOutgrown reports whether the key turned out to hold too little for the
// document to be watched under it.
func (w *Watch) isOutgrown() bool {
	w.feed.mu.Lock()
	defer w.feed.mu.Unlock()
	return w.ended != nil && w.ended.Reconnect
}

// Next returns the current state as soon as its body is not the one that after
// stands for; at once, if after is "". Whoever comes late gets the newest state
// and none of those in between. It returns an [*Ended] when nothing more will
// come, and the context's error.
func (w *Watch) Next(ctx context.Context, after etag.Tag) (Moment, error) {
	for {
		m, changed, err := w.moment(after, nil)
		if err != nil || m.Snapshot != nil {
			return m, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Moment{}, ctx.Err()
		case <-w.feed.c.ctx.Done():
			return Moment{}, &Ended{Status: http.StatusServiceUnavailable, Reconnect: true}
		}
	}
}

// Now is Next that does not wait. Where there is nothing new it is not ok, and
// wake is called once when there may be, or when the watch has ended: at once
// for all who are told the same, so it must return at once. It holds for the
// last Now alone, and can still come when the watch has been closed.
func (w *Watch) Now(after etag.Tag, wake func()) (m Moment, ok bool, err error) {
	m, _, err = w.moment(after, wake)
	return m, m.Snapshot != nil, err
}

// moment returns the current state unless its body is the one that after
// stands for, and what is closed when there is news. Looking and asking to be
// woken are one, so that nothing can come in between.
func (w *Watch) moment(after etag.Tag, wake func()) (m Moment, changed <-chan struct{}, err error) {
	w.feed.mu.Lock()
	defer w.feed.mu.Unlock()
	l := w.live
	w.wake = nil
	switch {
	case w.ended != nil:
		return m, nil, w.ended
	case l.current == nil:
	case l.knows(after) || w.offset == l.offset && etag.WeakEqual(after, w.tag):
		w.tag, w.offset = after, l.offset
	case !l.outdated:
		w.tag, w.offset = l.current.Tag, l.offset
		return Moment{l.current, l.epoch, l.offset}, nil, nil
	}
	w.wake = wake
	return m, l.changed, nil
}

// Close ends the watch; nobody may be in Next. When nobody watches any more the
// feed asks no more by itself. It may be called repeatedly.
func (w *Watch) Close() {
	w.closed.Do(func() {
		w.deaf()
		w.feed.exit(w)
		w.feed.c.watched.remove(w)
		w.feed.c.documents.release(w.feed)
	})
}

// Await returns when the document that p asks for may have changed since the
// client was told of after, when nobody can tell any more, or when the context
// ends. It keeps the feed live meanwhile, and proves nothing: what p may be
// given [Coalescer.Next] decides.
func (c *Coalescer) Await(ctx context.Context, p *Poll, after etag.Tag) {
	w := c.enter(p)
	defer w.Close()
	w.Next(ctx, after) // whatever it says, the poll asks again
}
