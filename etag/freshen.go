package etag

import (
	"net/http"
	"slices"
	"strings"
)

// Freshen returns the header of a stored response after a 304 with header from has
// validated it (RFC 9111 §4.3.4): the stored fields, each replaced by the 304's
// of the same name, save those that §3.2 has a cache keep (see keeps). It changes
// neither argument and shares no memory with them.
//
// Whether the 304 is about the stored response at all, that is, whether its tag is
// the stored one, the caller must have checked.
func Freshen(stored, from http.Header) http.Header {
	fresh := stored.Clone()
	if fresh == nil {
		fresh = make(http.Header, len(from))
	}
	// Age counts from the validation, not from the response that it validated: one
	// that an upstream cache sent then would make the response look stale for ever.
	fresh.Del("Age")
	for name, values := range from {
		if !keeps(name) && !namedByConnection(from, name) {
			fresh[name] = slices.Clone(values)
		}
	}
	return fresh
}

// keeps reports whether a 304's field name must leave the stored one as it is.
func keeps(name string) bool {
	switch name {
	// RFC 9111 §3.1, RFC 9110 §7.6.1: of the connection that the 304 came on.
	case "Connection", "Proxy-Connection", "Keep-Alive", "Te", "Transfer-Encoding",
		"Trailer", "Upgrade", "Proxy-Authenticate", "Proxy-Authentication-Info",
		"Proxy-Authorization":
		return true
	// RFC 9111 §3.2, RFC 9530 §2: of the content of the 304, which has none.
	case "Content-Length", "Content-Range", "Content-Digest":
		return true
	// RFC 9111 §3.2: the stored bytes depend on it. Content-Type they do not: what a
	// type is given for is the upstream's to correct.
	case "Content-Encoding":
		return true
	// It is for the client whose request this was. Stored, it would be given to
	// every later one.
	case "Set-Cookie":
		return true
	}
	return false
}

// namedByConnection reports whether the Connection field of h makes name a field of
// that connection alone (RFC 9110 §7.6.1).
func namedByConnection(h http.Header, name string) bool {
	for _, line := range h["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(trim(option), name) {
				return true
			}
		}
	}
	return false
}
