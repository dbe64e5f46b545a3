package proxy

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/rollout"
)

// coalesce answers a poll from the feed of its document.
func (h *Handler) coalesce(x *exchange) {
	p := h.poll(x)
	a, err := h.hold(x, p)
	if x.stage == rollout.Push {
		h.remember(h.form(x))
	}
	var alone *coalescer.Unshareable
	switch {
	case err == nil && a.Response != nil:
		h.relay(x, a)
	case err == nil:
		h.answer(x, a)
		if x.in.Method == http.MethodGet && (a.How == coalescer.Hit || a.How == coalescer.Collapsed) {
			h.mayCheck(x.route, p, a.Snapshot)
		}
	case errors.As(err, &alone):
		h.goAlone(x, p, alone)
	default:
		h.fail(x, err)
	}
}

// poll puts the client's question to the coalescer.
func (h *Handler) poll(x *exchange) *coalescer.Poll {
	p := &coalescer.Poll{
		Key:       h.keys.key(x.route, x),
		URL:       x.in.Host + x.path + x.route.query(x.query),
		Route:     x.route.live,
		Condition: x.condition,
		Writer:    h.writer(x.identity, x.who),
		Header:    x.in.Header,
		Vary:      x.vary,
		Call: func(ctx context.Context, reason ledger.Reason) *http.Request {
			counts := x.route.live.Counts
			ctx = forward.WithAttempt(ctx, x.route.Upstream, func() { counts.Upstream(reason); x.called() })
			return h.call(ctx, x, reason)
		},
	}
	if x.route.Policy.Share == coalescer.Changes {
		p.Place = h.keys.place(x.route, x)
	}
	return p
}

// call returns the request that asks upstream on behalf of a poll. The
// client's conditions are not taken over; a probe has no credentials either.
func (h *Handler) call(ctx context.Context, x *exchange, reason ledger.Reason) *http.Request {
	out := h.Forward.Outgoing(ctx, x.in, x.target)
	out.Body, out.ContentLength = nil, 0
	out.Header.Del("If-None-Match")
	out.Header.Del("If-Modified-Since")
	if x.wait > 0 {
		out.Header.Del("Prefer") // it is we who wait
	}
	if reason == ledger.Probe && !x.anonymise(out) {
		return nil
	}
	return out
}

// anonymise takes everything from a request that could be a credential: it
// keeps only what is stated to select the representation. A field that upstream
// was merely seen to vary on may be one. It fails where the query may hold one.
func (x *exchange) anonymise(out *http.Request) bool {
	if hasSecret(x.query) {
		return false
	}
	for name := range out.Header {
		if x.route.statedClass(name) != variant {
			out.Header.Del(name)
		}
	}
	out.Header["User-Agent"] = []string{"Pollard (probe)"}
	return true
}

// goAlone sends a poll upstream by itself, with its own conditions, because
// its document cannot be shared now.
func (h *Handler) goAlone(x *exchange, p *coalescer.Poll, why *coalescer.Unshareable) {
	if why.Gate != nil {
		if why.Gate.Acquire(x.in.Context(), 1) != nil {
			h.fail(x, x.in.Context().Err())
			return
		}
		defer why.Gate.Release(1)
	}
	x.passed = func(resp *http.Response) { h.Coalescer.Passed(p.Key, x.route.live, resp) }
	h.bypass(x, why.Reason)
}

// secretive are parts of names of query parameters that are likely to carry a
// credential.
var secretive = []string{"token", "key", "auth", "secret", "sig", "pass", "session", "jwt"}

// hasSecret reports whether a raw query may carry a credential.
func hasSecret(query string) bool {
	if plain, err := url.QueryUnescape(query); err == nil {
		query = plain
	}
	query = strings.ToLower(query)
	return slices.ContainsFunc(secretive, func(part string) bool { return strings.Contains(query, part) })
}
