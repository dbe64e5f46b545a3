package coalescer

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/pollard-proxy/pollard/etag"
)

// Why a response is for one reader alone. The strings are metric labels and
// Cache-Status details.
const (
	reasonStatus      = "status"       // not 200
	reasonNoValidator = "no-validator" // no ETag, and the route computes none
	reasonNoStore     = "no-store"
	reasonSetCookie   = "set-cookie"
	reasonVary        = "vary"       // Vary: *, or more fields than we follow
	reasonOversized   = "oversized"  // body larger than max_body
	reasonStreaming   = "streaming"  // an event stream, or announced trailers: no end to wait for
	reasonImmediate   = "more-pages" // Poll-Interval: 1
	reasonContended   = "contended"  // no answer of a shared call would do
)

// unshareable returns why resp may be given to nobody but the one who asked,
// or "". It looks at status and fields alone: the body has not been read.
func (r *Route) unshareable(resp *http.Response) string {
	h := resp.Header
	reason := personal(h)
	switch {
	case resp.StatusCode != http.StatusOK:
		return reasonStatus
	case reason != "":
		return reason
	case etag.Of(h) == "" && (!r.TagFromBody || isHead(resp)):
		return reasonNoValidator
	case resp.ContentLength > r.MaxBody:
		return reasonOversized
	case len(resp.Trailer) > 0 || strings.HasPrefix(h.Get("Content-Type"), "text/event-stream"):
		return reasonStreaming
	case immediate(h):
		return reasonImmediate
	}
	if names, ok := r.uncovered(h); !ok || len(names) > 0 && !r.learn(names) {
		return reasonVary
	}
	return ""
}

// personal returns why even a 304 with these fields is for its reader alone, or
// "".
func personal(h http.Header) string {
	switch {
	case len(h["Set-Cookie"]) > 0:
		return reasonSetCookie
	case hasDirective(h, "no-store"):
		return reasonNoStore
	}
	return ""
}

// isHead reports whether resp has no body that a tag could be computed from.
func isHead(resp *http.Response) bool {
	return resp.Request != nil && resp.Request.Method == http.MethodHead
}

// remembered reports whether polls should pass for a while after an answer
// that was unshareable for this reason. Failures are not remembered: the next
// poll asks anew. Nor is a step of a conversation.
func remembered(reason string, status int) bool {
	switch reason {
	case reasonImmediate, reasonContended:
		return false
	case reasonStatus:
		return status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout
	}
	return true
}

// failing reports whether upstream says that it cannot answer now. A 429
// without Retry-After is no such thing: GitLab uses it to switch polling off.
func failing(resp *http.Response) bool {
	if resp.StatusCode == http.StatusTooManyRequests {
		return resp.Header.Get("Retry-After") != ""
	}
	return resp.StatusCode >= 500
}

// uncovered returns the fields that Vary names and that are not always in the
// keys of this route; ok is false for Vary: *.
func (r *Route) uncovered(h http.Header) (names []string, ok bool) {
	for _, line := range h["Vary"] {
		for name := range strings.SplitSeq(line, ",") {
			name = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))
			switch {
			case name == "*", name == "X-Forwarded-For":
				// The address of each client is appended on the way out: two
				// that look alike here do not to upstream.
				return nil, false
			case name != "" && !r.Keyed(name):
				names = append(names, name)
			}
		}
	}
	return names, true
}

// Uncovered returns the fields that an answer varies on beyond what is in the
// keys of this route; "*" for one that varies on everything.
func (r *Route) Uncovered(h http.Header) []string {
	names, ok := r.uncovered(h)
	if !ok {
		return []string{"*"}
	}
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(r.Vary(), name) })
}

// hasDirective reports whether Cache-Control carries the directive. A quoted
// argument that happens to contain it is taken for it: the safe mistake.
func hasDirective(h http.Header, directive string) bool {
	for _, line := range h["Cache-Control"] {
		for d := range strings.SplitSeq(line, ",") {
			name, _, _ := strings.Cut(d, "=")
			if strings.EqualFold(strings.TrimSpace(name), directive) {
				return true
			}
		}
	}
	return false
}
