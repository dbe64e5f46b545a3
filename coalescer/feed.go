package coalescer

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
)

// rounds bounds how many calls a poll may wait for in turn. One does nearly
// always; a second where the first confirmed a tag that the poll does not
// have. Whoever is not served then goes by itself.
const rounds = 3

// passFor is how long polls pass after an answer that could not be shared.
// Each answer that passes renews or ends it.
const passFor = time.Minute

// audits is how many audit intervals a run of 304s may last before upstream is
// asked without conditions.
const audits = 10

// Feed is one document: it holds the current snapshot and makes at most one
// upstream call per interval. It is lazy while it is only polled: it asks when
// it is asked. It is live while it is watched.
type Feed struct {
	// Set when it is made, then read-only.
	key Key
	c   *Coalescer

	seat seat

	mu sync.Mutex // never held across I/O, nor with another lock

	// Guarded by mu. What a hit looks at stands first, together: of a million
	// feeds none is in a cache of the processor.
	snap       *Snapshot // newest; nil before the first
	flight     *flight   // the call that may be joined
	touches    *touches  // what told that it changed; nil before anything did
	varies     []string  // request fields that snap varies on, beyond those that are always in the key
	passUntil  time.Time // polls pass until then
	asked      time.Time // when the call began that last confirmed snap
	proven     time.Time // when the call began that last brought its body
	due        time.Time // upstream is not asked before
	covered    time.Time // upstream failed; snap covers for it until then without asking
	stretched  *stretch  // why due is later than the interval has it; nil if it is not
	superseded tagRing   // tags that snap is newer than

	called     time.Time     // when the last call began
	run        time.Time     // when the call began since which upstream said nothing but 304
	since      time.Time     // when the call began that first brought this state
	took       time.Duration // upstream, over its last answer
	passReason string
	passedAt   time.Time  // when a poll that went by itself was last answered
	passedTag  etag.Tag   // with this state
	left       mark       // where the last life of the feed ended, while what it told is held
	live       *live      // what watchers wait on; nil while nobody watches
	woken      []func()   // who is told to look again; called by unlock
	member     membership // of those who were given the same
	past       past       // what last happened, for people

	// Set when it is made, then read-only.
	url   string
	share Share     // it is a part of the key
	born  time.Time // news from before were not for it

	next, prev *Feed // of the same path; guarded by places.mu
}

// unlock gives mu back and then wakes those for whom something has come
// meanwhile. Whoever may have told somebody gives it back this way.
func (f *Feed) unlock() {
	woken := f.woken
	f.woken = nil
	f.mu.Unlock()
	for _, wake := range woken {
		wake()
	}
}

// Next returns the current state for p: at once if it is held and fresh, else
// from the call that is under way or from one that it leads. It returns an
// [*Unshareable] if p must go by itself, a [*CallError] if upstream failed, and
// the context's error if the client gave up.
func (f *Feed) Next(ctx context.Context, p *Poll) (Answer, error) {
	var outdated etag.Tag // held, according to the news
	switch p.Route.Share {
	case Changes:
		outdated = f.consult(ctx, p)
	case Verified:
		if asks := f.goAlong(ctx, p); asks != nil {
			defer asks.through(ctx, p.Route, time.Now())
		}
	}
	if err := f.outwait(ctx, p); err != nil {
		return Answer{}, err
	}
	for round := range rounds {
		now := time.Now()
		f.mu.Lock()
		if now.Before(f.passUntil) && p.reason == ledger.Poll {
			reason := f.passReason
			f.mu.Unlock()
			return Answer{}, &Unshareable{Reason: reason}
		}
		if a, ok := f.held(p, now, round); ok {
			f.mu.Unlock()
			return a, nil
		}
		fl, leads := f.join(p, now, round)
		f.mu.Unlock()
		if leads {
			f.launch(fl, p.Route)
		}

		select {
		case <-fl.done:
		case <-ctx.Done():
			f.leave(fl, leads)
			return Answer{}, ctx.Err()
		}
		a, err, settled := f.settle(p, fl, leads)
		if leads && a.Snapshot != nil && a.Snapshot.Tag == outdated {
			f.c.probes.contradicted(p.Place)
		}
		if settled {
			return a, err
		}
	}
	return Answer{}, &Unshareable{Reason: reasonContended}
}

// hit answers p from memory, where Next would at once: what is held is fresh, so that there is nobody to be asked if it
// still is, and no call is waited for.
func (f *Feed) hit(p *Poll, now time.Time) (Answer, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Before(f.passUntil) || !now.Before(f.due) || !f.knows(f.flight, p) {
		return Answer{}, false
	}
	return f.held(p, now, 0)
}

// held answers p from memory, if what is held is fresh and may answer it.
func (f *Feed) held(p *Poll, now time.Time, round int) (Answer, bool) {
	s := f.snap
	if s == nil || !p.fits(f.varies) || f.c.writes.since(p.Writer, f.asked) {
		return Answer{}, false
	}
	if f.proven.Before(p.since) {
		return Answer{}, false
	}
	covers := now.Before(f.covered) && f.covers(p.Route, now)
	if !now.Before(f.due) && !covers && !f.isPutOff(p.Route, now) {
		return Answer{}, false
	}
	a := Answer{Snapshot: s, How: Hit, TTL: f.ttl(now), Age: now.Sub(f.asked), Covered: covers}
	a.NotModified = f.notModified(p)
	return a, a.NotModified || !f.ahead(p, round) && f.mayGive(p, now, covers)
}

func (f *Feed) notModified(p *Poll) bool {
	// Fields are looked at where the tag does not say it: they lie elsewhere in memory.
	return p.Condition.Matches(f.snap.Tag) || p.Condition.NotModified(f.snap.Tag, f.snap.Header.Get("Last-Modified"))
}

// ahead reports whether the client may know a newer state than we: it brings an
// unknown tag.
func (f *Feed) ahead(p *Poll, round int) bool { return f.unknown(p, round) != "" }

// unknown returns the first tag of the client that is neither ours nor known to
// be older, or "". Tags have no order, so only upstream can tell what it stands
// for; once a call has landed that the client waited for, it has.
func (f *Feed) unknown(p *Poll, round int) etag.Tag {
	if round > 0 || p.Condition.Matches(f.snap.Tag) {
		return ""
	}
	for _, t := range p.Condition.Tags() {
		if !f.superseded.has(t) {
			return t
		}
	}
	return ""
}

// mayGive reports whether the stored body may be given out with 200. A 304
// does not extend the permission: upstreams exist that answer 304 to sessions
// that they no longer know.
func (f *Feed) mayGive(p *Poll, now time.Time, covering bool) bool {
	limit := p.Route.Audit
	if p.Route.Share == Verified {
		limit = min(limit, p.Route.Lease)
	}
	if covering {
		limit += p.Route.StaleIfError
	}
	return !f.snap.Bodyless && now.Sub(f.proven) <= limit && !f.c.writes.since(p.Writer, f.proven)
}

// covers reports whether the snapshot is recent enough to stand in for a
// failing upstream.
func (f *Feed) covers(r *Route, now time.Time) bool {
	return f.snap != nil && r.StaleIfError > 0 && now.Before(f.due.Add(r.StaleIfError))
}

// conditions returns the tag with which upstream is to be asked on behalf of
// p, or "" for an unconditional call, and why.
func (f *Feed) conditions(p *Poll, now time.Time, round int) (tag etag.Tag, reason ledger.Reason) {
	if f.snap == nil || !p.fits(f.varies) {
		if tags := p.Condition.Tags(); len(tags) > 0 && round == 0 {
			return tags[0], p.reason
		}
		return "", p.reason
	}
	if f.audited(p, now) {
		return "", ledger.Audit
	}
	if f.owesProof(p.Route, now) {
		return "", ledger.Verify
	}
	if f.proven.Before(p.since) {
		return "", p.reason
	}
	if tag := f.unknown(p, round); tag != "" {
		return tag, p.reason
	}
	if !f.notModified(p) && !f.mayGive(p, now, false) {
		return "", p.reason // the body will be needed
	}
	return f.snap.conditional(), p.reason
}

// audited reports whether a run of 304s has lasted so long that upstream is to
// be asked without conditions: tags were seen to stay while bodies changed.
func (f *Feed) audited(p *Poll, now time.Time) bool {
	return now.Sub(f.run) > audits*p.Route.Audit
}

// confirm takes over what upstream said of the state that it had when a call
// began. An answer to an older call never replaces that of a newer one: a
// write can have put a second call beside the first.
func (f *Feed) confirm(s *Snapshot, r *Route, began, now time.Time) {
	if began.Before(f.asked) {
		return
	}
	if old := f.snap; old != nil && !etag.WeakEqual(old.Tag, s.Tag) {
		f.superseded.add(old.Tag)
	}
	f.left = f.left.after(f.snap, s)
	f.adapts(s, r, began)
	same := f.snap != nil && f.snap.Tag == s.Tag
	f.snap = s
	if f.varies, _ = r.uncovered(s.Header); len(f.varies) > 0 {
		f.dismiss(&Ended{Status: http.StatusOK, Reconnect: true}, func(p *Poll) bool { return !p.fits(f.varies) })
	}
	f.take(s)
	f.covered, f.passUntil = time.Time{}, time.Time{}
	f.keep(r, same, began, f.nextDue(r, began, now))
}

// nextDue keeps the interval from the beginning of one call to that of the
// next, and a pause after the end of a slow one.
func (f *Feed) nextDue(r *Route, began, now time.Time) time.Time {
	i := f.interval(r)
	due, pause := began.Add(i), now.Add(min(i, r.MinInterval))
	if pause.After(due) {
		return pause
	}
	return due
}

// ttl returns how long it is until upstream is asked; 0 where nothing is held.
func (f *Feed) ttl(now time.Time) time.Duration {
	if f.due.IsZero() {
		return 0
	}
	return f.due.Sub(now)
}

// overtaken has others not told an older state than the one poll whose answer
// this is: it drops the snapshot if upstream has another by now, and ends its
// freshness if that cannot be known.
func (f *Feed) overtaken(by *http.Response, now time.Time) {
	tag := etag.Of(by.Header)
	if by.StatusCode == http.StatusOK || by.StatusCode == http.StatusNotModified && tag != "" {
		f.live.saw(tag)
	}
	switch {
	case f.snap == nil || by.StatusCode != http.StatusOK && by.StatusCode != http.StatusNotModified:
	case by.StatusCode == http.StatusNotModified && tag == "":
		if now.Before(f.due) {
			f.due = now
		}
	case !etag.WeakEqual(tag, f.snap.Tag):
		f.forget()
	}
}

// isOlder reports whether what a call brought that began then may be older than
// what has been told meanwhile, by a call that began later or by a poll that
// went by itself:
//
//	call  ──► v2 ─────────────────► lands
//	poll           ──► v3 ──► told
func (f *Feed) isOlder(s *Snapshot, began time.Time) bool {
	return began.Before(f.passedAt) && !etag.WeakEqual(s.Tag, f.passedTag) ||
		began.Before(f.asked) && f.snap != nil && !etag.WeakEqual(s.Tag, f.snap.Tag)
}

// forget drops the snapshot: upstream refused this identity, or no longer has
// what was polled.
func (f *Feed) forget() {
	if f.snap != nil {
		f.superseded.add(f.snap.Tag)
	}
	f.left = mark{}
	f.snap, f.proven, f.due, f.covered = nil, time.Time{}, time.Time{}, time.Time{}
}

// pass lets polls go by themselves for a while.
func (f *Feed) pass(reason string, now time.Time) {
	f.passUntil, f.passReason = now.Add(passFor), reason
}

// passed takes over what upstream said to a poll that went by itself. A 304
// does not tell what a 200 would be like, unless it is personal itself.
func (f *Feed) passed(resp *http.Response, reason string, now time.Time) {
	f.overtaken(resp, now)
	notModified := resp.StatusCode == http.StatusNotModified
	if tag := etag.Of(resp.Header); tag != "" && (notModified || resp.StatusCode == http.StatusOK) {
		f.passedAt, f.passedTag = now, tag
	}
	if notModified {
		reason = personal(resp.Header)
	}
	f.past.add(Event{Cause: CausePass, Status: resp.StatusCode, Detail: reason}, "", now)
	switch {
	case !now.Before(f.passUntil), reason == "" && notModified:
	case reason == "":
		f.passUntil = time.Time{}
	case remembered(reason, resp.StatusCode):
		f.pass(reason, now)
	}
}

// maxOldTag bounds the tags that are remembered as out of date, in bytes: they
// may be a client's invention. Upstream is asked about longer ones each time.
const maxOldTag = 128

// maxOldTags bounds how many of them are remembered.
const maxOldTags = 8

// tagRing holds the last tags that were seen to be out of date. Its zero value
// is empty, and most stay so.
type tagRing struct {
	tags []etag.Tag
	next int // the one to be replaced, once there are as many as may be
}

func (r *tagRing) add(t etag.Tag) {
	if t == "" || len(t) > maxOldTag || r.has(t) {
		return
	}
	if len(r.tags) < maxOldTags {
		r.tags = append(r.tags, t)
		return
	}
	r.tags[r.next] = t
	r.next = (r.next + 1) % maxOldTags
}

func (r *tagRing) has(t etag.Tag) bool {
	return slices.ContainsFunc(r.tags, func(old etag.Tag) bool { return etag.WeakEqual(old, t) })
}
