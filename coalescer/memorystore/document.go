package memorystore

import (
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// document is what the fleet knows of one name. Fleet.mu guards it.
type document struct {
	said *coalescer.Said // nil if nothing was published
	keep time.Time       // until then said is of use
	by   uint64          // the turn that published said

	turns  uint64    // the last turn that was taken
	leased time.Time // until then it is somebody's; zero once it has ended

	news    chan struct{} // closed and replaced when a turn ends
	waiting int
	watches map[*watch]struct{}
}

// current returns what was published, if upstream was asked for it less than
// fresh ago.
func (d *document) current(now time.Time, fresh time.Duration) *coalescer.Said {
	if d.said == nil || !now.Before(d.keep) || now.Sub(d.said.Asked) >= fresh {
		return nil
	}
	said := *d.said
	return &said
}

// take takes the turn, unless it is somebody's.
func (d *document) take(now time.Time, lease time.Duration) (turn uint64, ok bool) {
	if now.Before(d.leased) {
		return 0, false
	}
	d.turns++
	d.leased = now.Add(lease)
	return d.turns, true
}

// end gives turn back, unless another has been taken since.
func (d *document) end(turn uint64) {
	if d.turns == turn {
		d.leased = time.Time{}
	}
	close(d.news)
	d.news = make(chan struct{})
}

// publish ends turn with s, and returns who is to hear of another tag. A turn
// that was overtaken by one that has published changes nothing: its answer is
// the older one.
func (d *document) publish(turn *turn, s *coalescer.Said) []*watch {
	if turn.number < d.by || time.Since(s.Asked) >= turn.keep {
		d.end(turn.number)
		return nil
	}
	changed := d.said == nil || d.said.Tag != s.Tag
	said := *s
	d.said, d.by, d.keep = &said, turn.number, s.Asked.Add(turn.keep)
	d.end(turn.number)
	if !changed {
		return nil
	}
	var others []*watch
	for w := range d.watches {
		if w.of != turn.of {
			others = append(others, w)
		}
	}
	return others
}
