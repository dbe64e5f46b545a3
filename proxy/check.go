package proxy

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/rollout/guard"
)

// A sample of what is given out from memory is checked, be it to polls or to those
// who watch: upstream is asked, without conditions and as the client that was given
// it, what it would have said. The client has its answer by then, and what upstream
// says to a check goes nowhere.
//
//	served   X ──► (client)
//	check           GET ──► X: a match
//	                GET ──► Y: has it changed, or was X never this client's?
//	                 feed asks next ──► Z
//	                             GET ──► Z: it had changed    a match
//	                             GET ──► Y: and still is      a mismatch
//	                             GET ──► anything else        cannot be told

// maxChecks bounds how many checks are under way at a time; further ones are left
// out.
const maxChecks = 16

// mayCheck has what was given to the one who asks p by rt checked, if it is in the
// sample. It does not wait.
func (h *Handler) mayCheck(rt *Route, p *coalescer.Poll, given *coalescer.Snapshot) {
	t := rt.trial
	if t == nil || given.Bodyless || !t.sample.has(rt.Check) || !h.checks.TryAcquire(1) {
		return
	}
	t.sample.checks.Add(1)
	moves := t.moves.Load()
	h.checking.Go(func() {
		defer h.checks.Release(1)
		ctx, cancel := context.WithTimeout(h.life, p.Route.Timeout+4*p.Route.MaxInterval)
		defer cancel()
		result := h.check(ctx, p, given)
		if h.life.Err() == nil && t.moves.Load() == moves {
			t.compared(guard.Shadow, result, 1)
		}
		if result == guard.Mismatch {
			h.Log.Warn("what was served is not what upstream says to the same client", "route", rt.Name, "document", p.Key.String())
		}
	})
}

// check finds out whether what was given to the one who asks p was what upstream
// would have said.
func (h *Handler) check(ctx context.Context, p *coalescer.Poll, given *coalescer.Snapshot) guard.Result {
	asked := time.Now()
	first := h.fetch(ctx, p)
	switch {
	case !first.isKnown:
		return guard.Inconclusive
	case first.is(given):
		return guard.Match
	}
	later, ok := h.awaitLater(ctx, p, asked)
	if !ok {
		return guard.Inconclusive
	}
	switch second := h.fetch(ctx, p); {
	case !second.isKnown:
	case second.is(later):
		return guard.Match
	case second.equal(&first):
		return guard.Mismatch
	}
	return guard.Inconclusive
}

// A finding is what upstream says to a check.
type finding struct {
	isKnown bool // it says something of whose the document is
	status  int
	body    []byte // of a 200
}

func (f *finding) is(s *coalescer.Snapshot) bool {
	return f.status == http.StatusOK && bytes.Equal(f.body, s.Body)
}

func (f *finding) equal(other *finding) bool {
	return f.status == other.status && bytes.Equal(f.body, other.body)
}

// fetch asks upstream for what it says to the one who asks p.
func (h *Handler) fetch(ctx context.Context, p *coalescer.Poll) (f finding) {
	ctx, cancel := context.WithTimeout(ctx, p.Route.Timeout)
	defer cancel()
	resp, err := h.Forward.RoundTrip(p.Call(ctx, ledger.Audit))
	if err != nil {
		return f
	}
	defer resp.Body.Close()
	f.status = resp.StatusCode
	if f.status != http.StatusOK {
		f.isKnown = p.Route.Share == coalescer.Everything && refuses(f.status)
		return f
	}
	f.body, err = io.ReadAll(io.LimitReader(resp.Body, p.Route.MaxBody+1))
	f.isKnown = err == nil && int64(len(f.body)) <= p.Route.MaxBody
	return f
}

// refuses reports whether a status says that a document is not the client's. Where
// each is given what upstream has given it before, a refusal is told within the lease
// or the audit, and until then no contradiction. Where one body is for all, who is
// refused it was never to have it.
func refuses(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return true
	}
	return status >= 300 && status < 400
}

// awaitLater waits for what the document is after upstream has been asked for it
// again, whoever has it asked: a check must not be the one, or it would find what
// it brought.
func (h *Handler) awaitLater(ctx context.Context, p *coalescer.Poll, asked time.Time) (s *coalescer.Snapshot, ok bool) {
	tick := time.NewTicker(p.Route.MinInterval)
	defer tick.Stop()
	for range 2 + 2*p.Route.MaxInterval/p.Route.MinInterval {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, false
		}
		if s, at := h.Coalescer.Held(p.Key); s != nil && at.After(asked) {
			return s, !s.Bodyless
		}
	}
	return nil, false
}
