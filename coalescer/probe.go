package coalescer

import (
	"context"
	"net/http"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
)

// maxProbes bounds how many paths are probed at a time. A probe that is
// dropped costs its documents one revalidation each.
const maxProbes = 1 << 14

// silence is how long documents revalidate themselves after a probe said
// nothing, or what an identity got contradicted it.
const silence = time.Minute

// probes are the one credential-free question per path and interval that tells
// the documents of all identities whether to ask for themselves
// (share: changes). A probe carries no credential and its body is never read:
// only a tag crosses, and it makes a document ask, or not.
type probes struct {
	byPlace *lru.Cache[[16]byte, *probe]
}

// probe is what is known of one path.
type probe struct {
	mu sync.Mutex

	// Guarded by mu.
	news        news
	silentUntil time.Time // what is known does not count until then
	flight      *probeFlight
}

type probeFlight struct {
	began time.Time // not yet, where a touch came soon after another
	done  chan struct{}
}

func newProbes() *probes {
	byPlace, err := lru.New[[16]byte, *probe](maxProbes)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &probes{byPlace}
}

func (ps *probes) of(place [16]byte) *probe {
	if pr, ok := ps.byPlace.Get(place); ok {
		return pr
	}
	fresh := &probe{}
	if pr, found, _ := ps.byPlace.PeekOrAdd(place, fresh); found {
		return pr
	}
	return fresh
}

// canWait reports whether somebody else may tell if f is still current: it
// holds something that is due, and nothing calls for asking upstream as the
// identity itself.
func (f *Feed) canWait(p *Poll, now time.Time) bool {
	return f.snap != nil && !now.Before(f.due) && f.flight == nil && !now.Before(f.passUntil) &&
		!f.audited(p, now) && !f.ahead(p, 0) && !f.proven.Before(p.since) && !f.c.writes.since(p.Writer, f.asked)
}

// consult asks the probe of f's path. If the tag is still the one that f holds,
// f's snapshot is current until the probe is due; consult returns the tag that
// f holds if news came that it is not.
func (f *Feed) consult(ctx context.Context, p *Poll) (outdated etag.Tag) {
	f.mu.Lock()
	s, asked, touched, waits := f.snap, f.asked, f.touched(), f.canWait(p, time.Now())
	f.mu.Unlock()
	tag := s.conditional()
	if !waits || tag == "" {
		return ""
	}
	n, ok := f.c.probes.of(p.Place).next(ctx, f.c, p, &probed{s, touched})
	switch {
	case !ok || n.asked.Before(asked) || !touched.IsZero() && !n.asked.After(touched): // f knows better
		return ""
	case n.tag != tag:
		f.note(Event{Cause: CauseProbe, Result: ResultOutdated}, n.tag)
		return tag
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.snap.conditional() == tag && n.asked.After(f.asked) && n.asked.After(touched) {
		f.keep(p.Route, true, n.asked, n.due)
		f.past.add(Event{Cause: CauseProbe, Result: ResultSame}, tag, time.Now())
	}
	return ""
}

// news is what a probe last learnt.
type news struct {
	tag        etag.Tag
	asked, due time.Time
}

// probed is what a document has of a path that it asks the probe about.
type probed struct {
	snap    *Snapshot // whose tag asks and whose interval is kept
	touched time.Time // upstream must have been asked later
}

// next returns what the path has now; ok is false if that cannot be known. A
// call that does not know of the touch is waited for: there is one at a time.
func (pr *probe) next(ctx context.Context, c *Coalescer, p *Poll, d *probed) (n news, ok bool) {
	for {
		fl := pr.join(c, p, d)
		if fl == nil {
			break
		}
		select {
		case <-fl.done:
		case <-ctx.Done():
			return n, false
		}
		if fl.began.After(d.touched) {
			break
		}
	}
	pr.mu.Lock()
	defer pr.mu.Unlock()
	return pr.news, pr.news.tag != "" && !time.Now().Before(pr.silentUntil)
}

// join returns the call to wait for, beginning one if what is known is too old.
// After one touch upon another it begins the least interval after the last, or,
// where that takes too long, documents ask for themselves.
func (pr *probe) join(c *Coalescer, p *Poll, d *probed) *probeFlight {
	pr.mu.Lock()
	defer pr.mu.Unlock()
	now := time.Now()
	urgent := !d.touched.IsZero() && !pr.news.asked.After(d.touched)
	switch {
	case pr.flight != nil:
		return pr.flight
	case now.Before(pr.silentUntil), now.Before(p.Route.stretched(pr.news.asked, pr.news.due)) && !urgent:
		return nil
	}
	began := now
	if soonest := pr.news.asked.Add(p.Route.MinInterval); urgent && soonest.After(now) {
		began = soonest
	}
	if began.Sub(now) > patience {
		return nil
	}
	return pr.launch(c, p, d, began)
}

// launch begins a call; pr is locked.
func (pr *probe) launch(c *Coalescer, p *Poll, d *probed, began time.Time) *probeFlight {
	ctx, cancel := context.WithTimeoutCause(c.ctx, time.Until(began)+p.Route.Timeout, ErrTimeout)
	req := p.Call(ctx, ledger.Probe)
	if req == nil {
		cancel()
		pr.silentUntil = time.Now().Add(silence)
		return nil
	}
	tag := d.snap.conditional()
	if pr.news.tag != "" {
		tag = pr.news.tag
	}
	req.Header["If-None-Match"] = []string{string(tag)}
	interval := p.Route.Pace(PollInterval(d.snap.Header))
	fl := &probeFlight{began: began, done: make(chan struct{})}
	started := c.start(func() {
		defer cancel()
		sleepUntil(ctx, began)
		learnt, failed := c.probeAsOne(req, tag, p, &news{"", began, began.Add(interval)}, d.touched)
		pr.land(fl, learnt, failed)
	})
	if !started {
		cancel()
		return nil
	}
	pr.flight = fl
	return fl
}

// probe makes the call. The tag is what counts, on whatever status: GitLab
// stamps it on a 401 as on a 200.
func (c *Coalescer) probe(req *http.Request, tag etag.Tag) (said etag.Tag, failed bool) {
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return "", true
	}
	resp.Body.Close()
	said = etag.Of(resp.Header)
	if resp.StatusCode == http.StatusNotModified && said == "" {
		said = tag
	}
	return said, failing(resp)
}

// land takes over what a call learnt. Where it learnt nothing the documents
// revalidate themselves: for an interval after a failure, longer where the
// path has no tag to tell.
func (pr *probe) land(fl *probeFlight, n news, failed bool) {
	pr.mu.Lock()
	defer pr.mu.Unlock()
	pr.flight, pr.news = nil, n
	switch {
	case failed:
		pr.silentUntil = n.due
	case n.tag == "":
		pr.silentUntil = n.asked.Add(silence)
	}
	close(fl.done)
}

// contradicted says that upstream confirmed to an identity what the probe
// called outdated: it does not speak for this path.
func (ps *probes) contradicted(place [16]byte) {
	pr := ps.of(place)
	pr.mu.Lock()
	defer pr.mu.Unlock()
	pr.silentUntil = time.Now().Add(silence)
}
