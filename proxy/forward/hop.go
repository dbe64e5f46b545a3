package forward

import (
	"net/http"
	"strings"
)

// hopByHop are the fields that concern one connection only, whether or not Connection names
// them: RFC 9110 §7.6.1, and for h2c RFC 9113 §3.1. The Proxy-* fields are between a client
// and a proxy that it was told to use, which we are not.
var hopByHop = [...]string{
	"Connection",
	"Http2-Settings",
	"Keep-Alive",
	"Proxy-Authenticate",
	"Proxy-Authentication-Info",
	"Proxy-Authorization",
	"Proxy-Connection",
	"Te",
	"Trailer",
	"Transfer-Encoding",
	"Upgrade",
}

// removeHopByHop deletes from h what must not travel further, the fields that Connection
// names included.
func removeHopByHop(h http.Header) {
	for _, line := range h["Connection"] {
		for name := range elements(line) {
			h.Del(name)
		}
	}
	for _, name := range hopByHop {
		delete(h, name)
	}
}

// elements yields the non-empty elements of a list (RFC 9110 §5.6.1).
func elements(line string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for e := range strings.SplitSeq(line, ",") {
			if e = strings.Trim(e, " \t"); e != "" && !yield(e) {
				return
			}
		}
	}
}

// listed reports whether one of the lists in lines has the element, ignoring case and
// parameters.
func listed(lines []string, element string) bool {
	for _, line := range lines {
		for e := range elements(line) {
			e, _, _ = strings.Cut(e, ";")
			if strings.EqualFold(strings.TrimRight(e, " \t"), element) {
				return true
			}
		}
	}
	return false
}

// upgrade returns the protocols that a request's head asks to switch to, or "". An upgrade
// to h2c is none: it would carry further requests that nobody has vetted past us, so it is
// never forwarded. HTTP/1.0 knows no upgrade (RFC 9110 §7.8).
func upgrade(r *http.Request) string {
	if r.ProtoMajor != 1 || !r.ProtoAtLeast(1, 1) || !listed(r.Header["Connection"], "Upgrade") {
		return ""
	}
	var protocols []string
	for _, line := range r.Header["Upgrade"] {
		for p := range elements(line) {
			if name, _, _ := strings.Cut(p, "/"); !strings.EqualFold(name, "h2c") {
				protocols = append(protocols, p)
			}
		}
	}
	return strings.Join(protocols, ", ")
}
