package proxy

import (
	"net/http"
	"slices"
)

// hasOwnOrigin reports whether a page of this very site asks, or one of a list
// of others: browsers send cookies along with an upgrade whoever asks for it.
// A request that names no origin, or more than one, is nobody's page.
func (x *exchange) hasOwnOrigin(others []string) bool {
	origin := x.in.Header["Origin"]
	if len(origin) != 1 || origin[0] == "null" {
		return false
	}
	return slices.Contains(others, origin[0]) || origin[0] == x.origin()
}

// isForeign reports whether the page of another site asks. What is no page
// names no origin.
func (x *exchange) isForeign(others []string) bool {
	return len(x.in.Header["Origin"]) > 0 && !x.hasOwnOrigin(others)
}

// origin returns the site's own, as its pages see it: through a balancer that is
// trusted, that is what the balancer says.
func (x *exchange) origin() string {
	proto, host := scheme(x.in), x.in.Host
	if v := x.arriving("X-Forwarded-Proto"); x.trusted && len(v) == 1 {
		proto = v[0]
	}
	if v := x.arriving("X-Forwarded-Host"); x.trusted && len(v) == 1 {
		host = v[0]
	}
	return proto + "://" + host
}

// isWebSocket reports whether a request asks for a WebSocket (RFC 6455 §4.1).
func isWebSocket(r *http.Request) bool {
	return r.Method == http.MethodGet && names(r.Header["Upgrade"], "websocket") && names(r.Header["Connection"], "upgrade")
}

// isEvents reports whether a request asks for an event stream.
func isEvents(r *http.Request) bool {
	return r.Method == http.MethodGet && len(r.Header["Upgrade"]) == 0 && names(r.Header["Accept"], "text/event-stream")
}
