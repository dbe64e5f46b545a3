package forward

import (
	"net/http"
	"strings"
)

// RoundTrip sends req to its upstream, whatever host its URL names, and returns the response
// as it came: nothing decompressed, no redirect followed, Content-Length kept, Trailer
// filled in when the body has been read to its end. The body must be closed; on 101 it is an
// [io.ReadWriteCloser] with a CloseWrite, the connection itself.
//
// A request goes to an endpoint that can be connected to. A GET or HEAD without a body is
// sent a second time, on a new connection, when not one byte of an answer came: to another
// endpoint if there is one, else to the same if either the first attempt went out on a kept
// connection, which the upstream may have been closing, or connecting failed at once.
// Nothing else is repeated.
//
// req.Body is always closed, but possibly after RoundTrip has returned. An end of the
// request's context interrupts the transfer of the response's body, too. Errors wrap those
// that this package exports.
func (f *Forwarder) RoundTrip(req *http.Request) (*http.Response, error) {
	leave, err := f.inFlight.enter(req.Context())
	if err != nil {
		closeBody(req)
		return nil, err
	}
	resp, err := f.roundTrip(req)
	return whole(resp, err, leave)
}

// roundTrip is RoundTrip without its bound.
func (f *Forwarder) roundTrip(req *http.Request) (*http.Response, error) {
	t := trip{forwarder: f, req: req, hooks: hooksOf(req.Context())}
	var err error
	if t.all, err = f.reachable(req, t.hooks.upstream); err != nil {
		closeBody(req)
		return nil, err
	}
	return t.take()
}

// reachable returns where req may go, if it may go anywhere.
func (f *Forwarder) reachable(req *http.Request, upstream string) ([]*endpoint, error) {
	if err := vet(req); err != nil {
		return nil, err
	}
	u, err := f.terms.Load().named(upstream)
	if err != nil {
		return nil, err
	}
	return u.endpoints(req.Context())
}

// BindsConnection reports whether h authenticates the connection that it travels on rather
// than the request (NTLM, Negotiate). Such a connection must not carry anybody else's request:
// the upstream would take it for the same user's.
func BindsConnection(h http.Header) bool {
	for _, credentials := range h["Authorization"] {
		scheme, _, _ := strings.Cut(credentials, " ")
		if strings.EqualFold(scheme, "NTLM") || strings.EqualFold(scheme, "Negotiate") {
			return true
		}
	}
	return false
}

func hasBody(req *http.Request) bool { return req.Body != nil && req.Body != http.NoBody }

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}
