package observe

import (
	"strings"
	"time"
)

// Bounds of what each shard remembers by name. What comes in addition, or is
// longer, is counted under "other".
const (
	maxRoutes = 128
	maxWords  = 16 // reasons of a route; fields that it varies on
	maxWord   = 64 // bytes
	other     = "other"
)

// Folds is over how many parts the figures of a route are divided, so that it
// can be seen how far they agree.
const Folds = 16

// slot is how long a document belongs to one part: a route with few documents
// is divided by time.
const slot = int64(15 * time.Minute)

// route is what one shard knows of a route, beside the pages that it follows.
type route struct {
	folds      [Folds]Sums // of pages that are followed no longer
	pages      sketch
	identities sketch
	compared   sketch // identities that were compared with others

	first, last            int64
	interval, pollInterval time.Duration
	period                 time.Duration // that tabs keep, as last seen on any page
	unfollowed             uint64        // polls of URLs for which there was no room
	statuses               [6]uint64
	bypass, vary           map[string]uint64

	match, late, mismatch uint64
}

func newRoute(at int64) *route {
	return &route{first: at, bypass: map[string]uint64{}, vary: map[string]uint64{}}
}

// note takes what does not depend on other sightings.
func (r *route) note(l *look) {
	r.last = max(r.last, l.at)
	r.pages.add(l.key)
	r.identities.add(l.Who)
	if l.Interval > 0 {
		r.interval = l.Interval
	}
	if l.PollInterval > 0 {
		r.pollInterval = l.PollInterval
	}
	if class := l.Status / 100; class > 0 && class < len(r.statuses) {
		r.statuses[class]++
	}
	if l.Bypass != "" {
		increment(r.bypass, l.Bypass)
	}
	for _, name := range l.Vary {
		increment(r.vary, name)
	}
}

func increment(m map[string]uint64, word string) {
	if _, known := m[word]; !known {
		if len(m) >= maxWords || len(word) > maxWord {
			word = other
		}
		word = strings.Clone(word)
	}
	m[word]++
}

// fold returns the part that a page belongs to in a slot.
func (r *route) fold(key uint64, in int64) *Sums {
	return &r.folds[mix(key, uint64(in))%Folds]
}

// try is the dry run.
func (r *route) try(l *look, t *trial) {
	match, late, mismatch := t.run(l)
	r.match += match
	r.late += late
	r.mismatch += mismatch
}
