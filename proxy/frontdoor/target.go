package frontdoor

import (
	"bytes"
	"net/http"
)

// Target returns the request-target in origin-form, or "*", byte for byte as the client sent it. Of an absolute-form
// (RFC 9112 §3.2.2) the scheme and authority are removed: the authority is r.Host, whatever the Host field says.
// It is meant for requests that a [Server] hands to its handler.
func Target(r *http.Request) string { return r.RequestURI }

// originForm splits an absolute-form into its authority and what remains, which may lack the leading slash.
func originForm(target []byte) (authority, rest []byte, ok bool) {
	scheme, rest, ok := bytes.Cut(target, []byte("://"))
	if !ok || !is(scheme, "http") && !is(scheme, "https") {
		return nil, nil, false
	}
	if i := bytes.IndexAny(rest, "/?#"); i >= 0 {
		return rest[:i], rest[i:], true
	}
	return rest, nil, true
}

// parses reports whether net/http accepts an origin-form: the one thing that it refuses, in the path, is a "%" that is
// not followed by two hexadecimal digits.
func parses(target []byte) bool {
	path, _, _ := bytes.Cut(target, []byte{'?'})
	for {
		i := bytes.IndexByte(path, '%')
		if i < 0 {
			return true
		}
		if path = path[i+1:]; len(path) < 2 {
			return false
		}
		_, high := unhex(path[0])
		_, low := unhex(path[1])
		if !high || !low {
			return false
		}
		path = path[2:]
	}
}
