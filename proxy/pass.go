package proxy

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/rollout"
)

// passOther forwards what is on no route, or is no poll: untouched, and
// without a sign of us.
func (h *Handler) passOther(x *exchange) {
	h.forward(x, h.other, func(resp *http.Response) {
		if isUnsafe(x.in.Method) && resp.StatusCode >= 200 && resp.StatusCode < 400 {
			h.wrote(x)
			h.touchedBy(x, resp)
		}
		h.heedSignOut(x, resp)
	})
}

// pass forwards a poll untouched, because of its rung or because it could not
// be coalesced. It is counted before the client can see the answer, so that
// the sums close at every scrape.
func (h *Handler) pass(x *exchange, outcome ledger.Outcome) {
	h.forward(x, x.route.live.Counts, func(resp *http.Response) {
		x.settle(outcome)
		if x.passed != nil {
			x.passed(resp)
		}
		h.heedSignOut(x, resp)
		if x.stage > rollout.Off {
			appendCacheStatus(resp.Header, bypassStatus(x.reason, x.stage))
		}
	})
}

// bypass forwards a poll that its rung would have coalesced, and counts why.
func (h *Handler) bypass(x *exchange, reason string) {
	x.reason = reason
	x.route.live.Counts.Bypass(reason)
	h.pass(x, ledger.Bypassed)
}

// forward passes a request through. received is told of the answer before the
// client sees any of it.
func (h *Handler) forward(x *exchange, counts *ledger.Route, received func(*http.Response)) {
	s := h.look(x)
	res := h.Forward.Pass(x.w, x.in, forward.Exchange{
		Target: x.target, Upstream: h.tables.Load().upstream(x),
		Sent: func() { counts.Upstream(ledger.Pass); x.called() },
		Received: func(resp *http.Response) {
			x.status = resp.StatusCode
			s.answered(resp)
			received(resp)
		},
		Shown:  s.shown(),
		Failed: func(_ http.ResponseWriter, err error) { h.fail(x, err) },
	})
	h.seen(s, res)
	switch {
	case !res.Broken:
	case x.status == 0:
		h.fail(x, res.Err) // which Pass leaves to us where nobody is there to be answered
	default:
		h.breakOff(x, res.Err)
	}
}

// breakOff ends an exchange in the midst of its answer: the client must see the
// break, so its connection is cut.
func (h *Handler) breakOff(x *exchange, err error) {
	x.broken, x.left = true, errors.Is(err, forward.ErrGone)
	h.Log.Debug("answer broke off", "method", x.in.Method, "path", x.path, "error", err)
}

// wrote makes everything stale for whoever made this request, in each way that
// some route tells identities apart.
func (h *Handler) wrote(x *exchange) {
	addr := forward.ClientAddr(x.in, h.Trusted).String()
	x.trusted = forward.IsTrusted(x.in, h.Trusted)
	for _, who := range h.tables.Load().audiences {
		h.Coalescer.Wrote(h.writer(h.keys.identity(who, x), addr))
	}
}

// isUnsafe reports whether a method may change something (RFC 9110 §9.2.1).
func isUnsafe(method string) bool {
	return !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace}, method)
}

// gone reports whether the client has hung up.
func (x *exchange) gone() bool { return errors.Is(x.in.Context().Err(), context.Canceled) }
