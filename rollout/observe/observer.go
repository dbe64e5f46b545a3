package observe

import (
	"hash/maphash"
	"time"
)

// Observer learns from sightings what URLs are like. It is safe for concurrent
// use, and its memory is bounded by its options.
type Observer struct {
	// Set by New, then read-only.
	seed     maphash.Seed
	interval time.Duration
	shards   []shard
}

// New returns an observer that has seen nothing.
func New(opts Options) *Observer {
	opts = opts.withDefaults()
	o := &Observer{seed: maphash.MakeSeed(), interval: opts.Interval, shards: make([]shard, opts.Shards)}
	for i := range o.shards {
		o.shards[i].init(opts.pagesPerTracker())
	}
	return o
}

// Saw takes one sighting. Those of one URL should come in the order of their
// times; one that is late counts as if it had come with the one before. It keeps
// neither s nor its strings, and does not allocate, except when it meets a URL
// or a word for the first time.
func (o *Observer) Saw(s *Sighting) {
	l := o.look(s)
	// The tables use the low bits.
	sh := &o.shards[(l.key>>40)&uint64(len(o.shards)-1)]
	sh.saw(&l, o.interval)
}

// DryRun returns how coalescing would have answered the polls of a route as it
// is set, had it been on: with what upstream did answer, with what had just
// changed, or with what was another's (or not the document). Polls that it would
// have asked upstream for are in none of these. The figures only rise, and a
// contradiction is counted once it is resolved.
func (o *Observer) DryRun(route string) (match, late, mismatch uint64) {
	for i := range o.shards {
		sh := &o.shards[i]
		sh.mu.Lock()
		if r := sh.routes[route]; r != nil {
			match, late, mismatch = match+r.match, late+r.late, mismatch+r.mismatch
		}
		sh.mu.Unlock()
	}
	return match, late, mismatch
}
