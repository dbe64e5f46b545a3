package proxy

import (
	"net/http"
	"strconv"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/rollout"
)

// answer writes a snapshot: 304 to a client that has it, else 200.
func (h *Handler) answer(x *exchange, a coalescer.Answer) {
	x.given(a)
	header := x.w.Header()
	x.lasting(header, a)
	if a.How == coalescer.Hit || a.Covered {
		header["Age"] = []string{strconv.Itoa(ageOf(a))}
	}
	appendCacheStatus(header, cacheStatus(a)+x.keyParameter())
	unsniffed(header)
	x.w.WriteHeader(x.status)
	if !a.NotModified {
		x.w.Write(a.Snapshot.Body) // an error is the client's going away: nothing to be done
	}
}

// given counts a poll that is answered with a snapshot.
func (x *exchange) given(a coalescer.Answer) {
	x.settle(a.How.Outcome())
	x.route.live.Counts.Staleness(a.Age)
	if a.How == coalescer.Hit && !a.Covered {
		x.age, x.interval = a.Age, a.Age+max(a.TTL, 0)
	}
	x.status = http.StatusOK
	if a.NotModified {
		x.status = http.StatusNotModified
	}
}

// lasting sets the fields of an answer that stay the same as long as the snapshot
// does: all but how old it is, and what we say of how it came about.
func (x *exchange) lasting(header http.Header, a coalescer.Answer) {
	for name, values := range a.Snapshot.Header {
		header[name] = values
	}
	x.stretch(header)
	x.offerPush(header)
	switch {
	case a.NotModified:
		notModified(header)
	case x.in.Method != http.MethodHead:
		header["Content-Length"] = []string{strconv.Itoa(len(a.Snapshot.Body))}
	}
}

// ageOf returns how old an answer from memory is, in seconds, where it was before
// it came to us included.
func ageOf(a coalescer.Answer) int { return age(a.Snapshot.Header) + int(a.Age/time.Second) }

// age returns how old a response was when it came, in seconds: a cache before
// upstream may say so (RFC 9111 §4.2.3).
func age(h http.Header) int {
	lines := h["Age"]
	if len(lines) == 0 {
		return 0
	}
	s, err := strconv.ParseUint(lines[0], 10, 31)
	if err != nil {
		return 0
	}
	return int(s)
}

// relay writes upstream's answer for this poll alone.
func (h *Handler) relay(x *exchange, a coalescer.Answer) {
	resp := a.Response
	defer resp.Body.Close()
	x.settle(a.How.Outcome())
	x.status = resp.StatusCode
	h.heedSignOut(x, resp)
	x.stretch(resp.Header)
	x.offerPush(resp.Header)
	appendCacheStatus(resp.Header, cacheStatus(a)+x.keyParameter())
	if _, err := forward.Relay(x.w, resp); err != nil {
		h.breakOff(x, err)
	}
}

// notModified removes what a 304 does not carry: the fields of the content
// that it leaves out (RFC 9110 §15.4.5).
func notModified(h http.Header) {
	for _, name := range [...]string{
		"Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Range",
		"Content-Disposition", "Content-Md5", "Content-Digest", "Repr-Digest", "Digest",
	} {
		delete(h, name)
	}
}

// unsniffed keeps net/http from inventing fields that upstream did not send.
func unsniffed(h http.Header) {
	for _, name := range [...]string{"Content-Type", "Date"} {
		if _, ok := h[name]; !ok {
			h[name] = nil
		}
	}
}

// offerPush tells a client on the push rung that it need not poll.
func (x *exchange) offerPush(h http.Header) {
	if x.stage == rollout.Push {
		h["Pollard-Push"] = []string{"1"}
	}
}

// stretch raises the Poll-Interval that the client is told to what the route
// wants at least. What tells clients to stop, or to come at once, stays.
func (x *exchange) stretch(h http.Header) {
	if told := x.route.told(h); told > coalescer.PollInterval(h) {
		h["Poll-Interval"] = []string{strconv.FormatInt(told.Milliseconds(), 10)}
	}
}

// told returns the Poll-Interval that clients of a response with these fields
// are told; 0 for none.
func (rt *Route) told(h http.Header) time.Duration {
	told := coalescer.PollInterval(h)
	if told > time.Millisecond {
		return max(told, rt.Stretch)
	}
	return told
}
