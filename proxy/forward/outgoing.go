package forward

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Outgoing returns r as the upstream will receive it: target as its request-target byte for
// byte (origin-form or "*", RFC 9112 §3.2), Host unchanged, fields between the client and us
// removed, X-Forwarded-For, -Proto and -Host extended if the peer is trusted and replaced if
// not. An upgrade is kept, except to h2c; "TE: trailers" is kept.
//
// The header is a copy that the caller may change. The body is r's own, or http.NoBody.
func (f *Forwarder) Outgoing(ctx context.Context, r *http.Request, target string) *http.Request {
	out := &http.Request{
		Method:        r.Method,
		URL:           f.destination(ctx, target),
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        f.outgoingHeader(r),
		Host:          r.Host,
		Body:          r.Body,
		ContentLength: r.ContentLength,
	}
	if r.ContentLength == 0 {
		out.Body = http.NoBody // of HTTP/2 requests it is another that is empty
	}
	if hasBody(out) && len(r.Trailer) > 0 {
		out.Trailer = make(http.Header, len(r.Trailer))
		for name := range r.Trailer {
			out.Trailer[name] = nil
		}
	}
	return out.WithContext(ctx)
}

// destination names the upstream that requests of ctx go to, as far as one name can.
func (f *Forwarder) destination(ctx context.Context, target string) *url.URL {
	t := f.terms.Load()
	u, err := t.named(hooksOf(ctx).upstream)
	if err != nil { // which RoundTrip says
		u = t.fleet
	}
	first := u.sources[0]
	to := &url.URL{Scheme: "http", Host: first.host, Opaque: target}
	if first.tls != nil {
		to.Scheme = "https"
	}
	return to
}

func (f *Forwarder) outgoingHeader(r *http.Request) http.Header {
	h := r.Header.Clone()
	if h == nil {
		h = make(http.Header)
	}
	removeHopByHop(h)
	setForwarded(h, r, f.trusted)
	if !r.ProtoAtLeast(1, 1) {
		h.Del("Expect") // RFC 9110 §10.1.1: ignored in an HTTP/1.0 request
	}
	var options []string
	if listed(r.Header["Te"], "trailers") {
		h["Te"] = []string{"trailers"}
		options = append(options, "TE") // RFC 9110 §10.1.4
	}
	if protocols := upgrade(r); protocols != "" {
		h["Upgrade"] = []string{protocols}
		options = append(options, "Upgrade")
	}
	if options != nil {
		h["Connection"] = []string{strings.Join(options, ", ")}
	}
	return h
}

// vet refuses what would reach the upstream as something else. HTTP/2 clients can send
// methods and targets with spaces, which in an HTTP/1 request line would end them early.
func vet(req *http.Request) error {
	target := requestTarget(req)
	switch {
	case !isToken(req.Method):
		return fmt.Errorf("%w: the method is no token", ErrRequest)
	case target != "*" && !strings.HasPrefix(target, "/"):
		return fmt.Errorf("%w: the target is not in origin-form", ErrRequest)
	case !visible(target):
		return fmt.Errorf("%w: the target has spaces or control bytes", ErrRequest)
	case !visible(req.Host):
		return fmt.Errorf("%w: the host has spaces or control bytes", ErrRequest)
	}
	return nil
}

// requestTarget returns the exact bytes for the request line. URL.RequestURI would make an
// absolute-form of an Opaque that starts with "//".
func requestTarget(req *http.Request) string {
	if req.URL.Opaque != "" {
		return req.URL.Opaque
	}
	return req.URL.RequestURI()
}

// visible reports whether s has no space and no control byte.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// isToken reports whether s is a token (RFC 9110 §5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		alphanumeric := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !alphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}
