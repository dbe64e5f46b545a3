package capacity

import (
	"fmt"
	"time"
)

// A Reading is what a route has counted up to a moment.
type Reading struct {
	Polls    uint64
	Interval time.Duration
	Watchers int
}

// Measured sets the pages, polls and interval of l to those of an instance, from its
// routes' readings at the beginning and the end of a time. A route that restarted in
// between is an error.
func (l *Load) Measured(before, after map[string]Reading, took time.Duration) error {
	var polls, pages float64
	for name, now := range after {
		was := before[name]
		if now.Polls < was.Polls {
			return fmt.Errorf("route %s has counted fewer polls than before: the instance has restarted", name)
		}
		rate := float64(now.Polls-was.Polls) / took.Seconds()
		open := rate*now.Interval.Seconds() + float64(now.Watchers)
		pages += open
		polls += open / now.Interval.Seconds() // what they would send without push
	}
	if pages == 0 {
		return fmt.Errorf("no poll came in %v and nobody watches: --polls or --pages says what to plan for", took.Round(time.Second))
	}
	l.Pages, l.Polls = pages, polls
	l.Interval = time.Duration(pages / polls * float64(time.Second))
	return nil
}
