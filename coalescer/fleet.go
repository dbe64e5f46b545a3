package coalescer

import (
	"net/http"
	"slices"
	"time"

	"github.com/pollard-proxy/pollard/etag"
)

// This file is where a fleet acts as one: before an instance asks upstream, it
// takes the turn to do so, or is told what another instance was told.

// isCommon reports whether the instances of a fleet hold the same document: it
// is of no identity in particular.
func (f *Feed) isCommon() bool { return f.c.store != nil && f.key.Identity == (Identity{}) }

// ask has upstream asked, by this instance or by another.
func (f *Feed) ask(fl *flight, r *Route) (res result, turn Turn) {
	if !fl.common {
		return f.c.call(fl, r), nil
	}
	turn, said, err := f.c.store.Begin(fl.req.Context(), fl.name, f.terms(fl, r))
	switch {
	case err != nil: // the fleet cannot help: each for itself
	case said == nil:
	case fl.accepts(r, said) && f.isUntouchedSince(said.Asked) && !f.c.writes.since(fl.writer, said.Asked):
		return fl.toldOf(said), nil
	}
	return f.c.call(fl, r), turn
}

// isUntouchedSince reports whether upstream was asked after whatever told that f
// had changed.
func (f *Feed) isUntouchedSince(asked time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return asked.After(f.touched())
}

// terms are how young a state of another instance must be to do, and how long
// others leave the turn to this one.
func (f *Feed) terms(fl *flight, r *Route) Terms {
	f.mu.Lock()
	defer f.mu.Unlock()
	interval := f.interval(r)
	fresh, keep := r.freshFor(interval), keep(r, interval)
	if f.asked.IsZero() { // no news were for a document that was not there
		fresh = min(fresh, interval)
	}
	if _, isPrivate := fl.name.Owner(); isPrivate {
		fresh, keep = min(interval, PrivateKeep), min(keep, PrivateKeep)
	}
	for _, since := range [...]time.Time{f.asked, f.touched()} {
		if !since.IsZero() {
			fresh = min(fresh, fl.began.Sub(since))
		}
	}
	return Terms{Fresh: fresh, Lease: turnOf(r, interval), Keep: keep}
}

// turnOf is how long the others leave the turn to one that is not heard of: a
// stopped instance must not keep them apart for as long as upstream may take. Two
// that ask at a time are a call too many, once.
func turnOf(r *Route, interval time.Duration) time.Duration {
	return min(r.Timeout, max(interval, 2*time.Second))
}

// keep is how long a state is of use to an instance that has none: until bodies
// may not be given out any more, and at least until somebody asks again.
func keep(r *Route, interval time.Duration) time.Duration { return max(r.Audit, 2*interval) }

// accepts reports whether another instance's state answers what the call would
// ask. A client that brings a tag nobody here knows may be ahead of everybody;
// upstream alone can say that it is not. A tag without its body says only that
// it is still the one.
//
// What is told is judged as upstream's answer would be: this instance may not know
// yet what makes a document of its own, and what stands in a store may be anybody's.
func (fl *flight) accepts(r *Route, said *Said) bool {
	switch {
	case !isTag(said.Tag):
		return false
	case said.Header == nil:
		return said.Tag == fl.tag
	case said.Tag != fl.tag && !fl.known, int64(len(said.Body)) > r.MaxBody, personal(said.Header) != "":
		return false
	}
	names, ok := r.uncovered(said.Header)
	return ok && !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(fl.vary, name) })
}

// isTag reports whether what a store says is an entity tag, and nothing else.
func isTag(t etag.Tag) bool { return t != "" && etag.Of(http.Header{"Etag": {string(t)}}) == t }

// toldOf is what an instance makes of another's state. A body is taken where
// none is held: an instance that has been restarted is the next to pass it on.
func (fl *flight) toldOf(said *Said) result {
	res := result{told: true, asked: said.Asked, proven: said.Proven}
	if said.Tag == fl.tag && (fl.whole || said.Header == nil) {
		res.status, res.header = http.StatusNotModified, said.Header
		return res
	}
	res.status, res.snapshot = http.StatusOK, &Snapshot{Tag: said.Tag, Header: said.Header, Body: said.Body}
	return res
}

// publish ends a turn: the others are told what is held since the call has
// landed, if that is for all.
func (f *Feed) publish(fl *flight, turn Turn) {
	if turn == nil {
		return
	}
	f.mu.Lock()
	s, res, asked, proven := f.snap, fl.result, f.asked, f.proven
	f.mu.Unlock()
	switch {
	case res.snapshot == nil || res.reason != "" || res.failed || len(res.vary) > 0 || s == nil || s.ours || !asked.Equal(fl.began):
		turn.Release()
		return
	case s.Bodyless: // as after a restart, while whoever comes brings its tag
		turn.Publish(&Said{Tag: s.Tag, Asked: asked})
		return
	}
	turn.Publish(&Said{Tag: s.Tag, Header: s.Header, Body: s.Body, Asked: asked, Proven: proven})
}

// listen has a watch hear of what other instances are told: of its document, or
// of the news of its place.
func (w *Watch) listen(p *Poll) (stop func()) {
	f := w.feed
	switch {
	case f.isCommon():
		return f.c.store.Watch(commonName(f.key.Target), f.heard)
	case f.c.store != nil && p.Route.Share == Changes:
		pr := f.c.probes.of(p.Place)
		return f.c.store.Watch(commonName(p.Place), func() {
			pr.heard()
			f.heard()
		})
	}
	return func() {}
}

// heard says that another instance was told of something newer, which is to be
// had for the asking.
func (f *Feed) heard() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.live == nil {
		return
	}
	if now := time.Now(); now.Before(f.due) {
		f.due = now
	}
	if !f.live.ticking {
		f.live.timer.Reset(f.drift(f.live.template.Route)) // not all documents of a place at once
	}
}

// heard is the same of what a probe would say.
func (pr *probe) heard() {
	pr.mu.Lock()
	defer pr.mu.Unlock()
	if now := time.Now(); now.Before(pr.news.due) {
		pr.news.due = now
	}
}

// probeAsOne probes a place for the whole fleet, or learns what another instance
// did that began after the place was touched. Only a tag is told.
func (c *Coalescer) probeAsOne(req *http.Request, tag etag.Tag, p *Poll, n *news, touched time.Time) (learnt news, failed bool) {
	interval := n.due.Sub(n.asked)
	var turn Turn
	if c.store != nil {
		t := Terms{Fresh: p.Route.freshFor(interval), Lease: turnOf(p.Route, interval), Keep: 2 * interval}
		if !touched.IsZero() {
			t.Fresh = min(t.Fresh, n.asked.Sub(touched))
		}
		var said *Said
		var err error
		if turn, said, err = c.store.Begin(req.Context(), commonName(p.Place), t); err == nil && said != nil && isTag(said.Tag) {
			return news{said.Tag, said.Asked, said.Asked.Add(interval)}, false
		}
	}
	n.tag, failed = c.probe(req, tag)
	switch {
	case turn == nil:
	case failed || n.tag == "":
		turn.Release()
	default:
		turn.Publish(&Said{Tag: n.tag, Asked: n.asked})
	}
	return *n, failed
}

// freshFor returns how old an answer that is used for an interval may be: older,
// while news would have told if it had changed.
func (r *Route) freshFor(interval time.Duration) time.Duration {
	if r.Coverage == nil || r.Coverage.since.Load() == 0 {
		return interval
	}
	return max(interval, r.SafetyInterval)
}
