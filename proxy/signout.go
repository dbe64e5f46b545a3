package proxy

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/pollard-proxy/pollard/proxy/forward"
)

// Endpoint is a method and a path pattern.
type Endpoint struct{ Method, Path string }

// endpoint is one compiled.
type endpoint struct {
	method  string
	pattern pattern
}

func newEndpoints(list []Endpoint) ([]endpoint, error) {
	var endpoints []endpoint
	for _, e := range list {
		p, err := parsePattern(e.Path)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", e.Method, e.Path, err)
		}
		endpoints = append(endpoints, endpoint{e.Method, p})
	}
	return endpoints, nil
}

// signsOut reports whether a request that upstream has answered ended a
// session: it is listed as one that does, or the answer takes back a cookie
// that the request had.
func (t *table) signsOut(x *exchange, resp *http.Response) bool {
	isListed := func(e endpoint) bool {
		segments := split(x.path)
		return e.method == x.in.Method && segments != nil && e.pattern.matches(segments)
	}
	return resp.StatusCode < 400 && slices.ContainsFunc(t.signOuts, isListed) || t.takesBackCookie(x.in, resp)
}

// takesBackCookie reports whether the answer takes back a cookie of the request,
// unless it is one that says nothing of who asks.
func (t *table) takesBackCookie(r *http.Request, resp *http.Response) bool {
	if len(resp.Header["Set-Cookie"]) == 0 {
		return false
	}
	for _, c := range resp.Cookies() {
		expired := c.MaxAge < 0 || !c.Expires.IsZero() && c.Expires.Before(time.Now())
		if sent, err := r.Cookie(c.Name); expired && err == nil && t.tellsWho(sent) {
			return true
		}
	}
	return false
}

// tellsWho reports whether some route tells identities apart by this cookie.
func (t *table) tellsWho(c *http.Cookie) bool {
	return slices.ContainsFunc(t.audiences, func(a *audience) bool { return !a.ignores(c.Name + "=" + c.Value) })
}

// heedSignOut has whoever made a request that ended a session, a poll included, be
// given nothing more of it, before they can see the answer. Links sign out, too: a
// GET that does is no write.
func (h *Handler) heedSignOut(x *exchange, resp *http.Response) {
	if h.tables.Load().signsOut(x, resp) {
		h.signedOut(x)
	}
}

// signedOut ends the session of whoever made this request, in each way that some
// route tells identities apart.
func (h *Handler) signedOut(x *exchange) {
	x.trusted = forward.IsTrusted(x.in, h.Trusted)
	addr := forward.ClientAddr(x.in, h.Trusted).String()
	for _, who := range h.tables.Load().audiences {
		h.Coalescer.SignedOut(h.writer(h.keys.identity(who, x), addr))
	}
}
