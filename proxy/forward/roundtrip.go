package forward

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// RoundTrip sends req to the upstream, whatever host its URL names, and returns the response
// as it came: nothing decompressed, no redirect followed, Content-Length kept, Trailer
// filled in when the body has been read to its end. The body must be closed; on 101 it is an
// [io.ReadWriteCloser] with a CloseWrite, the connection itself.
//
// A GET or HEAD without a body is sent a second time, on a new connection, when not one byte
// of an answer came and either the first attempt went out on a kept connection, which the
// upstream may have been closing, or connecting failed at once. Nothing else is repeated.
//
// req.Body is always closed, but possibly after RoundTrip has returned. An end of the
// request's context interrupts the transfer of the response's body, too. Errors wrap those
// that this package exports.
func (f *Forwarder) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := vet(req); err != nil {
		closeBody(req)
		return nil, err
	}
	var l *link
	if !BindsConnection(req.Header) {
		l = f.pool.get()
	}
	resp, err := f.attempt(req, l)
	if err != nil && repeatable(req, err) {
		resp, err = f.attempt(req, nil)
	}
	return resp, err
}

// unanswered marks the failure of an attempt that a repetition may mend.
type unanswered struct{ error }

func (u unanswered) Unwrap() error { return u.error }

func repeatable(req *http.Request, err error) bool {
	return errors.As(err, new(unanswered)) &&
		(req.Method == http.MethodGet || req.Method == http.MethodHead) &&
		!hasBody(req) && req.Context().Err() == nil
}

// attempt sends req once: on l, or on a new connection if l is nil.
func (f *Forwarder) attempt(req *http.Request, l *link) (*http.Response, error) {
	ctx := req.Context()
	if l == nil {
		var err error
		if l, err = f.dial(ctx); err != nil {
			closeBody(req)
			if errors.Is(err, ErrUnreachable) {
				return nil, unanswered{err}
			}
			return nil, err
		}
	}
	c := &call{pool: f.pool, req: req, link: l, hooks: hooksOf(ctx)}
	c.unwatch = context.AfterFunc(ctx, l.abort)
	resp, err := c.run()
	if err != nil {
		err = c.explain(err)
		c.end(false)
		return nil, err
	}
	return resp, nil
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
