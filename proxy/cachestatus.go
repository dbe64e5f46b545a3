package proxy

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/rollout"
)

// cacheStatus is how an answer came about, in the words of RFC 9211.
func cacheStatus(a coalescer.Answer) string {
	if a.How == coalescer.Hit || a.Covered {
		return string(appendHit(nil, a))
	}
	status := "pollard; fwd=miss"
	if a.Stale {
		status = "pollard; fwd=stale"
	}
	if a.How == coalescer.Collapsed {
		return status + "; collapsed"
	}
	status += "; fwd-status=" + strconv.Itoa(a.Status)
	if a.Response == nil && a.Status == http.StatusOK {
		status += "; stored"
	}
	return status
}

// appendHit appends the words for an answer from memory.
func appendHit(dst []byte, a coalescer.Answer) []byte {
	return strconv.AppendInt(append(dst, "pollard; hit; ttl="...), int64(seconds(a.TTL)), 10)
}

// keyParameter names the document that an answer is of (RFC 9211 §2.7), where the
// query holds more than is in the key: a client that is pushed to learns from it
// which of its polls are the same. What may be a credential is never repeated.
func (x *exchange) keyParameter() string {
	query := x.route.query(x.query)
	key := x.path + query
	if x.stage != rollout.Push || query == x.query || hasSecret(query) || strings.Map(printable, key) != key {
		return ""
	}
	return `; key="` + key + `"`
}

// seconds rounds up what is left, and a deficit away from zero: a stale answer
// never says that it is not.
func seconds(d time.Duration) int {
	if d >= 0 {
		return int((d + time.Second - 1) / time.Second)
	}
	return -int((-d + time.Second - 1) / time.Second)
}

// bypassStatus is the sign on an answer that was passed through on a route.
func bypassStatus(reason string, stage rollout.Stage) string {
	if reason == "" {
		reason = stage.String()
	}
	return `pollard; fwd=bypass; detail="` + strings.Map(printable, reason) + `"`
}

// printable keeps a structured field's string well formed (RFC 9651 §3.3.3).
func printable(r rune) rune {
	if r < ' ' || r > '~' || r == '"' || r == '\\' {
		return '_'
	}
	return r
}

// appendCacheStatus adds ours as the last member of the list: caches nearer to
// the origin come first. The header's own slice is not changed; it may be a
// stored one.
func appendCacheStatus(h http.Header, status string) {
	old := h["Cache-Status"]
	h["Cache-Status"] = append(old[:len(old):len(old)], status)
}
