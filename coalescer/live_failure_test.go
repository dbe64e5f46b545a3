package coalescer_test

import (
	"fmt"
	"testing"
	"time"
)

func TestAFailingUpstreamIsAskedOncePerIntervalAndEndsNothing(t *testing.T) {
	brokenOff := page(`"v2"`, "two").chunked()
	brokenOff.breaksOff = true
	for _, tt := range []struct {
		name        string
		answer      reply
		least, most int // calls in a minute
	}{
		{"error", says(500), 18, 20},
		{"too many requests", says(429, "Retry-After: 1"), 18, 20},
		{"request timeout", says(408), 18, 20},
		{"down", broken(errRefused), 18, 20},
		{"too slow", page(`"v2"`, "two").in(time.Hour), 4, 5}, // each takes ten seconds
		{"cut off", brokenOff, 18, 20},
		{"says when to return", says(503, "Retry-After: 20"), 2, 4},
		{"says when, too far off", says(429, "Retry-After: 86400"), 1, 2},
	} {
		for _, staleIfError := range []time.Duration{0, 30 * time.Second} {
			t.Run(fmt.Sprint(tt.name, staleIfError), func(t *testing.T) {
				policy := watching()
				policy.StaleIfError = staleIfError
				play(t, policy, func(s *scene) {
					app := newSheet(`"v1"`, "one")
					s.up.does(app.answer)
					r := s.read("alice", "/doc", "")
					s.wait(3*lastTick + time.Second)
					app.tells("", tt.answer)
					s.up.saw()
					s.wait(time.Minute)
					if calls := s.up.count(); calls < tt.least || calls > tt.most {
						t.Errorf("%d calls in a minute, want %d to %d", calls, tt.least, tt.most)
					}
					r.wantRead("one")
					r.wantEnded(nil)
					app.recovers()
					app.turns(`"v2"`, "two")
					s.wait(2 * time.Minute)
					r.wantRead("two")
					r.leave()
				})
			})
		}
	}
}

func TestASlowUpstreamIsNotAskedTwiceAtOnce(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		app.latency = 7 * time.Second
		s.up.does(app.answer)
		r := s.read("alice", "/doc", "")
		s.wait(5 * time.Minute)
		r.wantRead("one")
		s.wantOneAtATime()
		r.leave()
	})
}
