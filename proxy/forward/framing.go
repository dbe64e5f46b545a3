package forward

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
)

// lengthUnknown is the ContentLength of a response whose length its head does not tell.
const lengthUnknown = -1

// response makes a response of h, its framing not yet looked at.
func (c *call) response(h head) *http.Response {
	return &http.Response{
		Status:     h.line,
		StatusCode: h.status,
		Proto:      "HTTP/1." + strconv.Itoa(h.minor),
		ProtoMajor: 1,
		ProtoMinor: h.minor,
		Header:     h.fields,
		Request:    c.req,
	}
}

// frame decides where the body of the response with head h ends (RFC 9112 §6.3); there is
// none if it is nil. What can be read in two ways is an error: the two sides of a proxy must
// never disagree about where a message ends.
func (c *call) frame(h head) (*body, *http.Response, error) {
	chunked, err := chunkedAlone(h)
	if err != nil {
		return nil, nil, err
	}
	length, err := contentLength(h.fields)
	if err != nil {
		return nil, nil, err
	}
	resp := c.response(h)
	c.keep = persistent(h)
	b := &body{call: c, resp: resp}
	switch {
	case c.req.Method == http.MethodHead:
		resp.ContentLength = length
		b = nil
	case h.status == http.StatusNoContent || h.status == http.StatusNotModified:
		b = nil
	case chunked:
		c.keep = c.keep && length == lengthUnknown // RFC 9112 §6.1: else close
		resp.ContentLength = lengthUnknown
		resp.TransferEncoding = []string{"chunked"}
		resp.Trailer = announced(h.fields)
		delete(h.fields, "Content-Length")
		b.from = httputil.NewChunkedReader(c.link.br)
	case length == 0:
		b = nil
	case length > 0:
		resp.ContentLength = length
		b.from = &exactly{r: c.link.br, left: length}
	default:
		c.keep = false
		resp.ContentLength = lengthUnknown
		b.from = c.link.br
	}
	delete(h.fields, "Transfer-Encoding")
	delete(h.fields, "Trailer")
	resp.Close = !c.keep
	return b, resp, nil
}

// chunkedAlone reports whether h's only transfer coding is chunked. We ask for no other, and
// HTTP/1.0 has none at all (RFC 9112 §6.1).
func chunkedAlone(h head) (bool, error) {
	codings := h.fields["Transfer-Encoding"]
	switch {
	case len(codings) == 0:
		return false, nil
	case h.minor == 0:
		return false, fmt.Errorf("%w: Transfer-Encoding in an HTTP/1.0 response", ErrGarbage)
	case len(codings) > 1 || !strings.EqualFold(codings[0], "chunked"):
		return false, fmt.Errorf("%w: Transfer-Encoding %q", ErrGarbage, codings)
	}
	return true, nil
}

// contentLength returns what all Content-Length fields in h agree on (RFC 9110 §8.6), and
// leaves one of them, or lengthUnknown.
func contentLength(h http.Header) (int64, error) {
	lines := h["Content-Length"]
	if len(lines) == 0 {
		return lengthUnknown, nil
	}
	values := slices.Collect(elements(strings.Join(lines, ",")))
	if values = slices.Compact(values); len(values) != 1 {
		return 0, fmt.Errorf("%w: Content-Length %q", ErrGarbage, lines)
	}
	n, err := strconv.ParseUint(values[0], 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%w: Content-Length %q", ErrGarbage, lines)
	}
	h["Content-Length"] = values
	return int64(n), nil
}

// persistent reports whether the upstream keeps the connection open (RFC 9112 §9.3).
func persistent(h head) bool {
	options := h.fields["Connection"]
	if h.minor == 0 {
		return listed(options, "keep-alive")
	}
	return !listed(options, "close")
}

// announced returns the names in the Trailer fields of h, as the keys of a map of their own.
func announced(h http.Header) http.Header {
	var t http.Header
	for _, line := range h["Trailer"] {
		for name := range elements(line) {
			if t == nil {
				t = make(http.Header)
			}
			t[http.CanonicalHeaderKey(name)] = nil
		}
	}
	return t
}
