package guard

import (
	"cmp"
	"time"
)

// Options say what a [Monitor] tolerates. Zero values take the defaults.
type Options struct {
	// Window is what the figures are about where it holds enough (60 s; 1 s to 10 min).
	// Otherwise, and for what is always rare, they are about 60 windows.
	Window time.Duration

	// The least that must have been counted before a guard passes.
	Polls   uint32 // on each side (100)
	Checks  uint32 // shadow checks and dry-run comparisons together (50)
	Watches uint32 // (20)

	// Patience bounds how often a guard fails by chance: each of its tests, on
	// average, no sooner than after this (10,000,000 s, which is 116 days) of traffic
	// that gives no reason. Every tenfold costs a total failure half a second.
	Patience time.Duration

	// What treated polls may be worse by than a quarter more than untreated ones, as
	// shares of all polls.
	Errors float64 // failed (0.005)
	Tail   float64 // took over twice the untreated 99th percentile and 10 ms (0.01)
	Middle float64 // took over twice the untreated median and 10 ms (0.1)

	// What is too much by itself, as shares.
	Ours     float64 // treated polls that failed through Pollard's own doing (0.01)
	Stale    float64 // answers from memory older than twice the interval (0.01)
	Mismatch float64 // comparisons that differ (0.01)
	Watch    float64 // watches that failed (0.02)
}

func (o Options) withDefaults() Options {
	o.Window = min(max(cmp.Or(o.Window, time.Minute), time.Second), 10*time.Minute)
	o.Polls = cmp.Or(o.Polls, 100)
	o.Checks = cmp.Or(o.Checks, 50)
	o.Watches = cmp.Or(o.Watches, 20)
	o.Patience = cmp.Or(o.Patience, 1e7*time.Second)
	o.Errors = cmp.Or(o.Errors, 0.005)
	o.Tail = cmp.Or(o.Tail, 0.01)
	o.Middle = cmp.Or(o.Middle, 0.1)
	o.Ours = cmp.Or(o.Ours, 0.01)
	o.Stale = cmp.Or(o.Stale, 0.01)
	o.Mismatch = cmp.Or(o.Mismatch, 0.01)
	o.Watch = cmp.Or(o.Watch, 0.02)
	return o
}
