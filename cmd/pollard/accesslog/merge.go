package accesslog

import (
	"context"
	"slices"
	"time"

	"github.com/pollard-proxy/pollard/rollout/observe"
)

// merge brings streams, sorted by their first time, into one order. A stream is
// started when the others have come to its first time: of logs that were
// rotated one is open at a time, those of several servers are open together.
func merge(ctx context.Context, waiting []*stream, start func(*stream), saw func(*observe.Sighting) error) error {
	var open []*stream
	for len(waiting)+len(open) > 0 {
		i := earliest(open)
		if i < 0 || len(waiting) > 0 && !waiting[0].source.first.After(open[i].head().Time) {
			s := waiting[0]
			waiting = waiting[1:]
			start(s)
			more, err := s.next(ctx)
			if err != nil {
				return err
			}
			if more {
				open = append(open, s)
			}
			continue
		}
		more, err := run(ctx, open[i], bound(open, i, waiting), saw)
		if err != nil {
			return err
		}
		if !more {
			open = slices.Delete(open, i, i+1)
		}
	}
	return nil
}

// run shows one stream until it is behind the bound; false at its end.
func run(ctx context.Context, s *stream, until time.Time, saw func(*observe.Sighting) error) (more bool, err error) {
	for {
		if err := saw(s.head()); err != nil {
			return false, err
		}
		if more, err = s.next(ctx); !more || err != nil {
			return more, err
		}
		if !until.IsZero() && !s.head().Time.Before(until) {
			return true, nil
		}
	}
}

// earliest returns the index of the stream whose head is first, -1 of none.
func earliest(open []*stream) int {
	first := -1
	for i, s := range open {
		if first < 0 || s.head().Time.Before(open[first].head().Time) {
			first = i
		}
	}
	return first
}

// bound is when another stream than open[i] may be first; zero if that is never.
func bound(open []*stream, i int, waiting []*stream) (t time.Time) {
	if len(waiting) > 0 {
		t = waiting[0].source.first
	}
	for j, s := range open {
		if at := s.head().Time; j != i && (t.IsZero() || at.Before(t)) {
			t = at
		}
	}
	return t
}
