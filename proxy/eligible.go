package proxy

import (
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/rollout"
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
	case forward.BindsConnection(r.Header):
		return "connection-bound"
	case namesFields(r.Header["Connection"]):
		return "connection"
	}
	for name := range r.Header {
		switch x.route.classOf(name) {
		case harmless:
			if reason := x.demands(name); reason != "" {
				return reason
			}
		case unknown:
			if x.wait = x.prefers(name); x.wait == 0 {
				return whyUnknown(name)
			}
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

// prefers returns for how long a poll asks to be held, if that is what a field
// is about; only those on the push rung are.
func (x *exchange) prefers(name string) time.Duration {
	if name != "Prefer" || x.stage < rollout.Push {
		return 0
	}
	return wait(x.in.Header[name])
}

// names reports whether a field, which is a list, names something.
func names(lines []string, what string) bool {
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			element, _, _ = strings.Cut(element, ";")
			if strings.EqualFold(strings.TrimSpace(element), what) {
				return true
			}
		}
	}
	return false
}

// namesFields reports whether Connection names fields that end here (RFC 9110
// §7.6.1). Upstream would not see them, and the key would hold what it never
// saw: whoever drops X-Requested-With this way could have others given the page
// in place of the document.
func namesFields(connection []string) bool {
	for _, line := range connection {
		for option := range strings.SplitSeq(line, ",") {
			switch strings.ToLower(strings.TrimSpace(option)) {
			case "", "close", "keep-alive", "te", "upgrade":
			default:
				return true
			}
		}
	}
	return false
}
