package coalescer

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
)

// failureFanout is how many of those who waited together for a failing
// upstream go to it at a time.
const failureFanout = 64

// flight is one upstream call and those who wait for it.
type flight struct {
	// Set by join, then read-only.
	began  time.Time   // not yet, where a touch came soon after another
	tag    etag.Tag    // sent as If-None-Match; "" is unconditional
	stale  bool        // something was held when it began
	whole  bool        // with its body
	known  bool        // tag is what is held, or there is none
	name   Name        // what the fleet calls the document
	common bool        // another instance's answer would do
	vary   []string    // learnt fields that the key holds
	header http.Header // the leader's fields
	writer Identity    // the leader
	reason ledger.Reason
	req    *http.Request
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when result is set

	// Guarded by Feed.mu.
	waiters int
	led     bool // the leader still waits
	landed  bool
	result  result
}

// result is what became of a flight: a snapshot for all who wait; or a
// response for the leader and a reason for the others to go by themselves; or
// an error. With none of these upstream's answer was of no use, and whoever
// still needs one asks again.
type result struct {
	status   int
	told     bool      // by another instance, which asked then and last got the body then:
	asked    time.Time // zero where this instance asked
	proven   time.Time
	took     time.Duration // upstream, over an answer to this instance
	header   http.Header   // of a 304
	snapshot *Snapshot
	full     bool     // the call brought the snapshot's body
	vary     []string // fields that upstream varies on and the key does not hold

	response *http.Response
	reason   string
	gate     *semaphore.Weighted

	failed  bool // upstream cannot answer now: err, or a response that says so
	covered bool // the snapshot held stands in for it
	err     error
}

// join returns the call that p may wait for, beginning one if there is none.
// A call that began before p's owner last wrote does not know of the write and
// is left to those who wait for it already; this is the one case of two calls
// at once.
func (f *Feed) join(p *Poll, now time.Time, round int) (fl *flight, leads bool) {
	if fl := f.flight; fl != nil && !f.c.writes.since(p.Writer, fl.began) {
		fl.waiters++
		return fl, false
	}
	tag, reason := f.conditions(p, now, round)
	began := f.begin(p, now)
	ctx, cancel := context.WithCancelCause(f.c.ctx)
	fl = &flight{
		began: began, tag: etag.Tag(strings.Clone(string(tag))), stale: f.snap != nil, vary: p.Vary, header: p.Header.Clone(), writer: p.Writer, reason: reason,
		cancel: cancel, done: make(chan struct{}), waiters: 1, led: true,
	}
	fl.whole = f.snap != nil && !f.snap.Bodyless
	fl.known = tag == "" || tag == f.snap.conditional()
	fl.name, fl.common = f.nameFor(p.Route, p.Writer, reason)
	fl.req = p.Call(ctx, reason)
	if tag != "" {
		fl.req.Header["If-None-Match"] = []string{string(tag)}
	}
	if f.snap != nil && f.c.writes.since(p.Writer, f.asked) {
		f.past.add(Event{Cause: CauseWrite}, "", now)
	}
	f.flight, f.called = fl, began
	return fl, true
}

// launch sets a flight off, which stays in the store until it has landed.
func (f *Feed) launch(fl *flight, r *Route) {
	f.c.documents.pin(f)
	began := f.c.start(func() {
		f.fly(fl, r)
		f.c.documents.release(f)
	})
	if !began {
		f.land(fl, r, failure(fl.req.Context(), errClosed))
		f.c.documents.release(f)
	}
}

// leave gives up waiting. The last to leave cancels the call, and from then on
// nobody can join it. An answer that was for the leader alone is closed.
func (f *Feed) leave(fl *flight, leads bool) {
	f.mu.Lock()
	fl.waiters--
	abandoned := fl.waiters == 0 && !fl.landed
	if abandoned && f.flight == fl {
		f.flight = nil
	}
	var orphan *http.Response
	if leads {
		fl.led = false
		orphan, fl.result.response = fl.result.response, nil
	}
	f.mu.Unlock()

	if abandoned {
		fl.cancel(errAbandoned)
	}
	closeBody(orphan)
}

// fly makes the call, under the flight's own context, and lands it whatever
// happens. An answer for the leader alone is still being read when fly
// returns: then the reader ends the context.
func (f *Feed) fly(fl *flight, r *Route) {
	if ctx := fl.req.Context(); !sleepUntil(ctx, fl.began) {
		f.land(fl, r, failure(ctx, ctx.Err()))
		return
	}
	timer := time.AfterFunc(r.Timeout, func() { fl.cancel(ErrTimeout) })
	res, turn := f.ask(fl, r)
	timer.Stop()
	if res.response == nil {
		fl.cancel(nil)
	}
	f.heedRefusal(r, fl.writer, res.response)
	f.land(fl, r, res)
	f.publish(fl, turn)
}

// land publishes what became of the flight.
func (f *Feed) land(fl *flight, r *Route, res result) {
	f.mu.Lock()
	if f.flight == fl {
		f.flight = nil
	}
	before, now := f.snap, time.Now()
	f.apply(fl, r, &res, now)
	f.landed(fl, &res, before, now)
	var orphan *http.Response
	if !fl.led {
		orphan, res.response = res.response, nil
	}
	fl.result, fl.landed = res, true
	held, events := f.snap, f.past.size()
	close(fl.done)
	f.unlock()

	closeBody(orphan)
	f.c.documents.account(f, held, events)
}

// apply takes a result over into what is held.
func (f *Feed) apply(fl *flight, r *Route, res *result, now time.Time) {
	if !res.told {
		f.took = res.took
	}
	switch {
	case res.failed:
		f.cover(fl, r, res, now)
	case res.response != nil && fl.began.Before(f.asked):
		// Upstream has answered a newer call by now.
	case res.response != nil:
		if refuses(res.status) {
			f.dismiss(&Ended{Status: res.status}, by(fl.writer))
		}
		if r.Share == Everything && concernsWhoAsks(res.status) {
			return // it says nothing of what the others share
		}
		if res.status >= 400 {
			f.forget()
		}
		f.overtaken(res.response, now)
		if remembered(res.reason, res.status) {
			f.pass(res.reason, now)
		}
	case res.status == http.StatusNotModified:
		f.revalidated(fl, res)
		fallthrough
	case res.snapshot != nil && len(res.vary) == 0:
		began := fl.beganFor(res)
		if res.snapshot == nil || f.isOlder(res.snapshot, began) {
			return
		}
		newest := !began.Before(f.asked)
		if res.full && newest && r.Share == Verified {
			f.meet(res.snapshot, r)
		}
		f.confirm(res.snapshot, r, began, now)
		if res.told && newest && res.proven.After(f.proven) {
			f.proven, f.run = res.proven, res.proven
		}
		if res.full && newest {
			f.proven, f.run = fl.began, fl.began
			f.superseded.add(fl.tag) // it was asked for, and something else is current
		}
		f.confirmed()
	case res.snapshot != nil:
		// It belongs under another key, as do those who wait for the next.
		f.dismiss(&Ended{Status: res.status, Reconnect: true}, everybody)
	}
}

// beganFor returns when upstream was asked for a result, by whichever instance.
func (fl *flight) beganFor(res *result) time.Time {
	if res.told {
		return res.asked
	}
	return fl.began
}

// concernsWhoAsks reports whether a status speaks of the client's credentials
// rather than of the document.
func concernsWhoAsks(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// revalidated turns a 304 into the snapshot that it confirms: the one held, or
// one of which only the tag is known. A 304 that speaks of another tag than was
// asked for confirms nothing (RFC 9111 §4.3.4).
func (f *Feed) revalidated(fl *flight, res *result) {
	if said := etag.Of(res.header); said != "" && !etag.WeakEqual(said, fl.tag) {
		f.distrust(fl.tag)
		return
	}
	if f.snap != nil && f.snap.Tag == fl.tag {
		res.snapshot = f.snap.freshened(res.header)
		return
	}
	header := etag.Freshen(nil, res.header)
	header["Etag"] = []string{string(fl.tag)}
	res.snapshot = &Snapshot{Tag: fl.tag, Header: header, Bodyless: true}
	if !fl.began.Before(f.asked) {
		f.proven, f.run = time.Time{}, fl.began
	}
}

// distrust has the snapshot held fetched anew without conditions, if it has this
// tag: upstream answers 304 to it and means another.
func (f *Feed) distrust(tag etag.Tag) {
	if f.snap != nil && f.snap.Tag == tag {
		s := *f.snap
		s.ours = true
		f.snap = &s
	}
}

// cover lets the snapshot held stand in for a failing upstream, where the
// route allows it, and puts off the next call; unless a newer one has been
// answered.
func (f *Feed) cover(fl *flight, r *Route, res *result, now time.Time) {
	if res.covered = f.covers(r, now); !res.covered {
		return
	}
	res.snapshot = f.snap
	if fl.began.Before(f.asked) {
		return
	}
	wait := f.interval(r)
	if res.response != nil {
		wait = max(wait, min(retryAfter(res.response.Header, now), r.MaxInterval))
	}
	f.covered = now.Add(wait)
}

// settle answers p from a flight that has landed. It reports settled false
// where p must ask again.
func (f *Feed) settle(p *Poll, fl *flight, leads bool) (a Answer, err error, settled bool) {
	f.mu.Lock()
	res := fl.result
	if leads {
		fl.result.response = nil // claimed
	}
	a, settled = f.answer(p, fl, &res, leads)
	f.mu.Unlock()

	switch {
	case settled:
		if leads {
			closeBody(res.response)
		}
		return a, nil, true
	case res.err != nil:
		return Answer{}, res.err, true
	case leads && res.response != nil && f.isFor(p, fl, res.response):
		a.Snapshot, a.Response = nil, res.response
		return a, nil, true
	case res.reason != "":
		if leads {
			closeBody(res.response)
		}
		return Answer{}, &Unshareable{Reason: res.reason, Status: res.status, Gate: res.gate}, true
	}
	return Answer{}, nil, false
}

// answer gives p the snapshot that a flight brought or confirmed, if p may
// have it. What arrives for my flight is fresh for me, whatever the interval.
func (f *Feed) answer(p *Poll, fl *flight, res *result, leads bool) (Answer, bool) {
	now := time.Now()
	a := Answer{Snapshot: res.snapshot, Stale: fl.stale, Status: res.status, TTL: f.ttl(now), Covered: res.covered}
	if res.covered {
		a.Age = now.Sub(f.asked)
	}
	switch {
	case !leads, res.told:
		a.How = Collapsed
	case res.status == http.StatusNotModified:
		a.How = Revalidated
	default:
		a.How = Fetched
	}
	if res.snapshot == nil || f.isOlder(res.snapshot, fl.beganFor(res)) && !res.covered {
		return a, false
	}
	if res.told && f.c.writes.since(p.Writer, res.asked) {
		return a, false
	}
	if !f.isOfVariant(p, fl, res, leads) {
		res.reason = reasonVary
		return a, false
	}
	a.NotModified = p.Condition.NotModified(a.Snapshot.Tag, a.Snapshot.Header.Get("Last-Modified"))
	if res.full {
		return a, true
	}
	if f.proven.Before(p.since) {
		return a, false
	}
	if a.NotModified {
		return a, true
	}
	return a, f.snap == res.snapshot && f.mayGive(p, now, res.covered)
}

// isOfVariant reports whether the snapshot that a flight ended with is of p's
// variant, however little was known of variants when the keys were made.
func (f *Feed) isOfVariant(p *Poll, fl *flight, res *result, leads bool) bool {
	switch {
	case res.covered:
		return p.fits(f.varies)
	case leads:
		return true
	}
	varies, _ := p.Route.uncovered(res.snapshot.Header)
	return sameFields(p.Header, fl.header, varies)
}

// isFor reports whether a response that is for the leader alone answers what
// the leader asked: a 304 to our own condition may not.
func (f *Feed) isFor(p *Poll, fl *flight, resp *http.Response) bool {
	return resp.StatusCode != http.StatusNotModified || p.Condition.Matches(fl.tag)
}

// sameFields reports whether two requests agree in the named fields.
func sameFields(a, b http.Header, names []string) bool {
	for _, name := range names {
		if !slices.Equal(a[name], b[name]) {
			return false
		}
	}
	return true
}

func closeBody(resp *http.Response) {
	if resp != nil {
		resp.Body.Close()
	}
}
