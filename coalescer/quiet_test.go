package coalescer_test

import (
	"testing"
	"time"
)

// A client that asks too often is told 429 without Retry-After by many an
// upstream, for all that it asks. That says nothing of what others watch.
func TestOneClientsRateLimitLeavesTheOthersTheirTicks(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		alice := s.read("alice", "/doc", "")
		app.tells("mallory", says(429))
		for range 20 {
			for _, target := range []string{"/doc", "/other", "/third"} {
				s.get("mallory", target)
			}
			s.wait(5 * time.Second)
		}
		app.turns(`"v2"`, "two")
		s.wait(lastTick + time.Second)
		alice.wantRead("one", "two")
		alice.wantEnded(nil)
		alice.leave()
	})
}
