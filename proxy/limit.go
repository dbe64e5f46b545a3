package proxy

import (
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/proxy/frontdoor"
)

// Limits bound how often one client may ask, per second and with bursts of ten seconds' worth; 0
// is unlimited. An address is that of the client as trusted, an IPv6 address standing for its
// /64; one that is itself trusted to speak for others is not limited.
type Limits struct {
	Requests int // of one address
	Upgrades int // to tunnels, WebSockets and event streams, of one address
	Polls    int // of one identity, or of one address without any
}

// limits are Limits in force.
type limits struct {
	requests *rate[netip.Prefix]
	upgrades *rate[netip.Prefix]
	polls    *rate[coalescer.Identity]
}

func newLimits(l Limits) limits {
	return limits{newRate[netip.Prefix](l.Requests), newRate[netip.Prefix](l.Upgrades), newRate[coalescer.Identity](l.Polls)}
}

// areSet reports whether any request may be one too many.
func (l *limits) areSet() bool { return l.requests != nil || l.upgrades != nil || l.polls != nil }

// refuses answers a request that is one too many of its client. What the client did is no
// failure of upstream's, and pages that stop polling at the first error stop here.
func (h *Handler) refuses(x *exchange) bool {
	limit, wait := h.exceeded(x)
	if wait == 0 {
		return false
	}
	h.Ledger.Limited(limit)
	if x.route != nil {
		x.settle(ledger.Failed)
	}
	x.reason, x.status = limit, http.StatusTooManyRequests
	header := x.w.Header()
	header.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	http.Error(x.w, http.StatusText(x.status), x.status)
	return true
}

// exceeded returns the first limit that a request is beyond, as the configuration calls it, and
// how long its client has to wait; 0 where it is within all.
func (h *Handler) exceeded(x *exchange) (limit string, wait time.Duration) {
	if limit, wait = h.exceededByAddress(x.in); wait > 0 {
		return limit, wait
	}
	if l := h.limits.polls; l != nil && x.route != nil && x.who != "" {
		wait = l.take(h.writer(x.identity, x.who))
	}
	return "polls_per_identity", wait
}

func (h *Handler) exceededByAddress(r *http.Request) (limit string, wait time.Duration) {
	l := &h.limits
	if l.requests == nil && l.upgrades == nil {
		return "", 0
	}
	source := h.source(r)
	if !source.IsValid() {
		return "", 0
	}
	if wait = l.requests.take(source); wait > 0 {
		return "requests_per_address", wait
	}
	if len(r.Header["Upgrade"]) > 0 || isEvents(r) {
		wait = l.upgrades.take(source)
	}
	return "upgrades_per_address", wait
}

// source returns where a request comes from; the zero Prefix where that is not limited.
func (h *Handler) source(r *http.Request) netip.Prefix {
	addr := forward.ClientAddr(r, h.Trusted)
	if slices.ContainsFunc(h.Trusted, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return netip.Prefix{}
	}
	return frontdoor.Source(addr)
}
