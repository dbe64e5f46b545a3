package proxy

import (
	"net/http"
	"strings"
)

// ineligible returns why a poll cannot be coalesced, "" if it can. In doubt it
// cannot: it is then forwarded untouched.
func (x *exchange) ineligible() string {
	r := x.in
	switch {
	case r.ContentLength != 0 || len(r.TransferEncoding) > 0:
		return "body"
	case x.condition.Malformed():
		return "if-none-match"
	case isConnectionBound(r.Header):
		return "connection-bound"
	}
	for name := range r.Header {
		switch x.route.classOf(name) {
		case harmless:
			if reason := x.demands(name); reason != "" {
				return reason
			}
		case unknown:
			return whyUnknown(name)
		}
	}
	return ""
}

// demands returns what a harmless field asks for that only upstream can give:
// a browser's reload says no-cache. A route that ignores the field has said
// that its pages do not mean it.
func (x *exchange) demands(name string) string {
	if name != "Cache-Control" && name != "Pragma" || x.route.ignores(name) {
		return ""
	}
	for _, line := range x.in.Header[name] {
		for d := range strings.SplitSeq(line, ",") {
			switch strings.ToLower(strings.TrimSpace(d)) {
			case "no-cache", "no-store":
				return "no-cache"
			}
		}
	}
	return ""
}

// whyUnknown names the reason for a field that we know of, but cannot follow,
// or the field.
func whyUnknown(name string) string {
	switch name {
	case "Range", "Expect":
		return strings.ToLower(name)
	case "If-Match", "If-Unmodified-Since", "If-Range":
		return "precondition"
	}
	return "header:" + name
}

// isConnectionBound reports whether the request authenticates its connection
// rather than itself (NTLM, Negotiate): what it proves ends with that.
func isConnectionBound(h http.Header) bool {
	for _, v := range h["Authorization"] {
		scheme, _, _ := strings.Cut(v, " ")
		if strings.EqualFold(scheme, "NTLM") || strings.EqualFold(scheme, "Negotiate") {
			return true
		}
	}
	return false
}
