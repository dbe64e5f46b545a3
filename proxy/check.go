package proxy

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/guard"
)

// A sample of what is given out from memory is checked: upstream is asked, without
// conditions and as the client that was given it, what it would have said. The
// client has its answer by then.
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

// enoughChecks is how many checks since the route was moved make the evidence. As
// long as there are fewer, one a second is made whatever the share, but none more
// than one for so many answers: a route with few polls is not asked twice for each.
const (
	enoughChecks = 200
	servedEach   = 100
)

// isSampled reports whether what a poll is given is to be checked.
func (t *trial) isSampled(share rollout.Percent, now time.Time) bool {
	if t == nil || share == 0 {
		return false
	}
	last, served := t.checked.Load(), t.served.Add(1)
	isDue := t.checks.Load() < enoughChecks && served >= servedEach && now.UnixNano()-last >= int64(time.Second)
	if !isDue && rand.N(rollout.Everyone) >= share {
		return false
	}
	if !t.checked.CompareAndSwap(last, now.UnixNano()) {
		return false
	}
	t.served.Store(0)
	return true
}

// mayCheck has what x was given checked, if it is in the sample. It does not wait.
func (h *Handler) mayCheck(x *exchange, p *coalescer.Poll, given *coalescer.Snapshot) {
	t := x.route.trial
	if x.in.Method != http.MethodGet || given.Bodyless || !t.isSampled(x.route.Check, time.Now()) || !h.checks.TryAcquire(1) {
		return
	}
	t.checks.Add(1)
	h.checking.Go(func() {
		defer h.checks.Release(1)
		ctx, cancel := context.WithTimeout(h.life, x.route.Policy.Timeout+4*x.route.Policy.MaxInterval)
		defer cancel()
		result := h.check(ctx, p, given)
		if ctx.Err() == nil {
			t.monitor.Compared(guard.Shadow, result, 1)
		}
		if result == guard.Mismatch {
			h.Log.Warn("what was served is not what upstream says to the same client", "route", x.route.Name, "document", p.Key.String())
		}
	})
}

// check finds out whether what was given to the one who asks p was what upstream
// would have said.
func (h *Handler) check(ctx context.Context, p *coalescer.Poll, given *coalescer.Snapshot) guard.Result {
	asked := time.Now()
	first, ok := h.fetch(ctx, p)
	switch {
	case !ok:
		return guard.Inconclusive
	case bytes.Equal(first, given.Body):
		return guard.Match
	}
	later, ok := h.awaitLater(ctx, p, asked)
	if !ok {
		return guard.Inconclusive
	}
	second, ok := h.fetch(ctx, p)
	switch {
	case !ok:
	case bytes.Equal(second, later.Body):
		return guard.Match
	case bytes.Equal(second, first):
		return guard.Mismatch
	}
	return guard.Inconclusive
}

// fetch asks upstream for what it says to the one who asks p; ok is false for
// anything but a body that could be given out.
func (h *Handler) fetch(ctx context.Context, p *coalescer.Poll) (body []byte, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, p.Route.Timeout)
	defer cancel()
	resp, err := h.Forward.RoundTrip(p.Call(ctx, ledger.Audit))
	if err != nil {
		return nil, false
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, false
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, p.Route.MaxBody+1))
	return body, err == nil && int64(len(body)) <= p.Route.MaxBody
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
