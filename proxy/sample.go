package proxy

import (
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

// sample chooses what is checked of what a route gives out from memory.
type sample struct {
	checked atomic.Int64  // when something was last chosen; Unix nanoseconds
	served  atomic.Uint32 // how often something was given out since then
	checks  atomic.Uint32 // begun since the route stands where it stands
}

// enoughChecks is how many checks since the route was moved make the evidence. As
// long as there are fewer, one a second is made whatever the share, but none more
// than one for so many answers: a route with few polls is not asked twice for each.
const (
	enoughChecks = 200
	servedEach   = 100
)

// has reports whether what is given out now is to be checked. Of those who ask at
// once at most one is told so. It takes two or three atomic operations, and looks
// at the clock only while there is no evidence yet.
func (s *sample) has(share rollout.Percent) bool {
	if share == 0 {
		return false
	}
	served := s.served.Add(1)
	isScarce := served >= servedEach && s.checks.Load() < enoughChecks
	isDrawn := rand.N(rollout.Everyone) < share
	if !isScarce && !isDrawn {
		return false
	}
	now, last := time.Now().UnixNano(), s.checked.Load()
	if !isDrawn && now-last < int64(time.Second) || !s.checked.CompareAndSwap(last, now) {
		return false
	}
	s.served.Store(0)
	return true
}
