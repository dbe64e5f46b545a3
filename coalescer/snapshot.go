package coalescer

import (
	"net/http"
	"strconv"
	"time"

	"github.com/pollard-proxy/pollard/etag"
)

// Snapshot is a representation as upstream gave it: status 200, its fields and
// its body. It is immutable and shared; nobody may change the header map.
type Snapshot struct {
	Tag    etag.Tag
	Header http.Header // end-to-end fields, without Content-Length for a GET
	Body   []byte

	// Bodyless is set where only the tag is known: upstream answered 304 to a
	// tag that a client brought. Such a snapshot answers 304 and nothing else.
	Bodyless bool

	// ours is set where upstream cannot be asked with the tag: it was computed
	// here, or a 304 to it spoke of another.
	ours bool

	content *content // what Body is of, where documents have it in common
}

// PollInterval returns the interval that upstream asks its clients to keep, 0
// if it gave none that is usable. GitLab writes milliseconds as an integer; -1
// and 0 tell clients to stop and are no interval for us either.
func PollInterval(h http.Header) time.Duration {
	ms, err := strconv.ParseUint(h.Get("Poll-Interval"), 10, 32)
	if err != nil {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

// immediate reports whether upstream wants the next poll at once: GitLab's
// notes say 1 while there are more pages. Such an answer is a step in a
// conversation, not a state.
func immediate(h http.Header) bool { return PollInterval(h) == time.Millisecond }

// conditional returns the tag that asks upstream whether s is still current.
func (s *Snapshot) conditional() etag.Tag {
	if s == nil || s.ours {
		return ""
	}
	return s.Tag
}

// freshened returns s with the fields of a 304 that confirmed it (RFC 9111
// §4.3.4).
func (s *Snapshot) freshened(with http.Header) *Snapshot {
	fresh := *s
	fresh.Header = etag.Freshen(s.Header, with)
	return &fresh
}

// snapshotOverhead is what a document costs beside its body and fields: feed,
// maps. Measured, rounded up.
const snapshotOverhead = 1152

// size returns the bytes that s is accounted for, without a body that it has in
// common with others.
func (s *Snapshot) size() int64 {
	if s == nil {
		return snapshotOverhead
	}
	n := snapshotOverhead + len(s.Tag)
	if s.content == nil {
		n += len(s.Body)
	}
	for name, values := range s.Header {
		n += len(name) + 40
		for _, v := range values {
			n += len(v) + 16
		}
	}
	return int64(n)
}
