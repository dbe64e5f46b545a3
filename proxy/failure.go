package proxy

import (
	"context"
	"errors"
	"net/http"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy/forward"
)

// statusClientGone is what nginx logs, and everybody reads, when the client has
// hung up. It is never sent.
const statusClientGone = 499

// fail answers in place of an upstream that gave none. It is the one place
// that chooses a status; the body is short and tells nothing of the inside.
func (h *Handler) fail(x *exchange, err error) {
	if x.route != nil {
		x.settle(ledger.Failed)
	}
	if x.gone() || errors.Is(err, forward.ErrGone) {
		x.reason, x.status, x.broken, x.left = "client-gone", statusClientGone, true, true
		return
	}
	status, reason := http.StatusBadGateway, "unreachable"
	switch {
	case errors.Is(err, coalescer.ErrTimeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, forward.ErrTimeout):
		status, reason = http.StatusGatewayTimeout, "timeout"
	case errors.Is(err, forward.ErrBusy):
		status, reason = http.StatusServiceUnavailable, "busy"
	case errors.Is(err, forward.ErrRequest):
		status, reason = http.StatusBadRequest, "request"
	case errors.Is(err, forward.ErrGarbage):
		reason = "garbage"
	case errors.Is(err, forward.ErrTruncated):
		reason = "truncated"
	}
	x.reason, x.status, x.ours = reason, status, isOurs(err)
	h.complaints.make(reason, failure{x.in.Method, x.path, err})
	header := x.w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	http.Error(x.w, http.StatusText(status), status)
}
