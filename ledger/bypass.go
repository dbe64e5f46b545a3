package ledger

import (
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// headerReason begins the reasons that name a request field.
	headerReason = "header:"
	// otherHeader stands for the fields beyond what is counted by name.
	otherHeader = headerReason + "other"
	// maxHeaderReasons bounds the fields that a route counts by name. Clients choose
	// the names of fields, and must not be able to create series without end.
	maxHeaderReasons = 48
	// maxHeaderName bounds the length of such a name, in bytes.
	maxHeaderName = 64
)

// bypasses are the counters of a route's bypasses, one per reason seen. They are
// looked up under a lock, which is no matter: a bypass goes upstream.
type bypasses struct {
	// Set by newBypasses, then read-only.
	vec   *prometheus.CounterVec
	route string

	mu       sync.Mutex
	counters map[string]prometheus.Counter // guarded by mu
	headers  int                           // reasons that name a field; guarded by mu
}

func newBypasses(vec *prometheus.CounterVec, route string) bypasses {
	return bypasses{vec: vec, route: route, counters: make(map[string]prometheus.Counter)}
}

// counter returns the counter of reason, or of otherHeader if reason names a field
// and the route counts as many as it may.
func (b *bypasses) counter(reason string) prometheus.Counter {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c, ok := b.counters[reason]; ok {
		return c
	}
	if name, ok := strings.CutPrefix(reason, headerReason); ok && reason != otherHeader {
		if b.headers == maxHeaderReasons || !isFieldName(name) {
			return b.create(otherHeader)
		}
		b.headers++
	}
	return b.create(reason)
}

// create is called with mu held. It copies reason, which may be a part of the memory
// that a request was read into.
func (b *bypasses) create(reason string) prometheus.Counter {
	reason = strings.Clone(reason)
	c := b.vec.WithLabelValues(b.route, reason)
	b.counters[reason] = c
	return c
}

// counts returns how often each reason has been counted.
func (b *bypasses) counts() map[string]uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	counts := make(map[string]uint64, len(b.counters))
	for reason, c := range b.counters {
		counts[reason] = count(c)
	}
	return counts
}

// isFieldName reports whether name is a token (RFC 9110 §5.6.2) short enough for a
// label.
func isFieldName(name string) bool {
	if name == "" || len(name) > maxHeaderName {
		return false
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return true
}
