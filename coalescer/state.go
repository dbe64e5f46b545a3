package coalescer

import (
	"slices"
	"strings"
	"time"
)

// State describes a document for people. It holds nothing of its body and
// nothing that its identity could be told from.
type State struct {
	Document  string    `json:"document"` // short form of the key
	Tag       string    `json:"etag,omitempty"`
	Bytes     int       `json:"bytes"`
	Bodyless  bool      `json:"bodyless,omitempty"` // only the tag is known
	Asked     time.Time `json:"asked,omitzero"`     // when upstream last confirmed it
	Proven    time.Time `json:"proven,omitzero"`    // when upstream last gave its body
	Due       time.Time `json:"due,omitzero"`       // upstream is not asked before
	Touched   time.Time `json:"touched,omitzero"`   // when something last told that it changed
	InFlight  bool      `json:"in_flight"`
	Waiters   int       `json:"waiters"`
	Passing   string    `json:"passing,omitempty"` // why its polls pass
	PassUntil time.Time `json:"pass_until,omitzero"`
	Watched   bool      `json:"watched,omitempty"`
	Events    []Event   `json:"events"` // what last happened, the oldest first
}

// States returns what is held for a request-target of a host, or of all hosts
// where that is "", for each identity and variant, at most limit of them. It
// looks at every document there is.
func (c *Coalescer) States(host, target string, limit int) []State {
	states := []State{}
	isAsked := func(f *Feed) bool {
		url := f.url
		return url == host+target || host == "" && strings.HasSuffix(url, target) && strings.IndexByte(url, '/') == len(url)-len(target)
	}
	for _, f := range c.documents.find(isAsked, limit) {
		states = append(states, f.state(time.Now()))
	}
	return states
}

func (f *Feed) state(now time.Time) State {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := State{Document: f.key.String(), Asked: f.asked, Proven: f.proven, Due: f.due, Touched: f.touched()}
	if f.snap != nil {
		s.Tag, s.Bytes, s.Bodyless = string(f.snap.Tag), len(f.snap.Body), f.snap.Bodyless
	}
	if f.flight != nil {
		s.InFlight, s.Waiters = true, f.flight.waiters
	}
	s.Watched, s.Events = f.live != nil, slices.Clone(f.past)
	if now.Before(f.passUntil) {
		s.Passing, s.PassUntil = f.passReason, f.passUntil
	}
	return s
}

// Held returns the newest state of a document, and when the call began that last
// confirmed it; nil if nothing is held.
func (c *Coalescer) Held(k Key) (s *Snapshot, asked time.Time) {
	f := c.documents.peek(k)
	if f == nil {
		return nil, asked
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.snap, f.asked
}

// find returns feeds by their URL, at most limit.
func (d *documents) find(isAsked func(*Feed) bool, limit int) []*Feed {
	var found []*Feed
	for i := range d.shards {
		s := &d.shards[i]
		s.mu.Lock()
		for f := s.order.oldest; f != nil && len(found) < limit; f = f.seat.newer {
			if isAsked(f) {
				found = append(found, f)
			}
		}
		s.mu.Unlock()
	}
	return found
}
