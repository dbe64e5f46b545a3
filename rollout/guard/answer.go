package guard

import (
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

// An Answer is how one poll of an actor fared.
type Answer struct {
	Arm   rollout.Arm
	Actor uint64 // hash of the actor; of a client without one, of its address

	// Took is from the poll's arrival to its answer's last byte: what passes has its
	// first while upstream still writes, what is shared only after that, and to the
	// client both are of use when they are whole. 0: not to be compared, as with a
	// long poll, which waits because it was asked to.
	Took time.Duration
	// Failed: the answer was a 5xx, whoever made it, or there was none although the
	// client waited for it.
	Failed bool
	// Ours: it failed through Pollard's own doing, by a limit of its own or a bug.
	// A 502 or 504 that stands for an upstream which is down or slow is not ours.
	Ours bool

	// Age is how long ago upstream last confirmed what was given, and Interval how
	// long that may be at most by the route. An Interval of 0: no matter, as with an
	// answer that just came from upstream, or one under stale_if_error.
	Age, Interval time.Duration
}

// staleIntervals is how many intervals old an answer from memory may be. One is
// the promise; a call that takes long is begun after one and answered within two.
const staleIntervals = 2

// Answered counts a poll. It does not allocate and takes no lock.
func (m *Monitor) Answered(a Answer) {
	c := &m.cells[groupOf(a.Actor)][sideOf(a.Arm)]
	c.took[bucketOf(a.Took)].Add(1)
	if a.Failed {
		c.failed.Add(1)
	}
	if a.Ours {
		c.ours.Add(1)
	}
	if a.Interval <= 0 {
		return
	}
	c.dated.Add(1)
	if a.Age > staleIntervals*a.Interval {
		c.stale.Add(1)
	}
}
