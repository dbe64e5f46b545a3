package coalescer_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

func TestAWatchedDocumentIsAskedForOncePerInterval(t *testing.T) {
	for _, tt := range []struct {
		name    string
		lines   []string
		minutes int
		least   int
		most    int
	}{
		{"the route's", nil, 10, 190, 200}, // each up to a twentieth longer
		{"upstream's", []string{"Poll-Interval: 10000"}, 10, 57, 60},
		{"the least", []string{"Poll-Interval: 2"}, 10, 571, 600},
	} {
		t.Run(tt.name, func(t *testing.T) {
			policy := watching()
			policy.Lease, policy.Audit = time.Hour, time.Hour
			play(t, policy, func(s *scene) {
				app := newSheet(`"v1"`, "one", tt.lines...)
				app.latency = 0
				s.up.does(app.answer)
				var readers []*reader
				for range 10 {
					readers = append(readers, s.read("alice", "/doc", ""))
				}
				s.up.saw()
				s.wait(time.Duration(tt.minutes) * time.Minute)
				s.wantCalls(tt.name, map[string]int{"watch": tt.least}, map[string]int{"watch": tt.most})
				for _, r := range readers {
					r.leave()
				}
			})
		})
	}
}

// Beside watchers polls are answered with what the ticks brought, or ask when
// it is due and spare the tick: one call per interval in all.
func TestPollsBesideWatchersCostNothing(t *testing.T) {
	policy := watching()
	policy.Lease = time.Hour
	play(t, policy, func(s *scene) {
		app := newSheet(`"v1"`, "one")
		app.latency = rtt
		s.up.does(app.answer)
		r := s.read("alice", "/doc", "")
		s.up.saw()
		crowd(5, func(i int) told {
			s.wait(time.Duration(i) * 311 * time.Millisecond)
			for range 40 {
				s.get("alice", "/doc", `If-None-Match: "v1"`)
				s.wait(1500 * time.Millisecond)
			}
			return told{}
		})
		s.wantOneAtATime()
		if calls := s.up.count(); calls < 17 || calls > 23 {
			t.Errorf("%d calls in a minute, want one per interval", calls)
		}
		r.leave()
	})
}

func TestAPollIsToldOfWhatATickBrought(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		r := s.read("alice", "/doc", "")
		app.turns(`"v2"`, "two")
		s.wait(lastTick + time.Second)
		s.want(s.get("alice", "/doc"), "200 hit two")
		r.wantRead("one", "two")
		r.leave()
	})
}

func TestAWatcherIsToldOfWhatAPollBrought(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		r := s.read("alice", "/doc", "")
		app.turns(`"v2"`, "two")
		s.want(s.get("alice", "/doc", `If-None-Match: "elsewhere"`), "200 fetched two")
		s.calm()
		r.wantRead("one", "two")
		r.leave()
	})
}

func TestTheLastToLeaveEndsTheCalls(t *testing.T) {
	play(t, watching(), func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one").answer)
		first, last := s.read("alice", "/doc", ""), s.read("alice", "/doc", "")
		s.wait(10 * time.Second)
		first.leave()
		s.up.saw()
		s.wait(10 * time.Second)
		s.wantCalls("one left", map[string]int{"watch": 3}, map[string]int{"watch": 4})
		last.leave()
		s.wait(time.Hour)
		s.up.wantSaw()
	})
}

func TestTheLastToLeaveCancelsTheCallUnderWay(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		r := s.read("alice", "/doc", "")
		app.tells("", page(`"v2"`, "two").in(9*time.Second))
		s.wait(lastTick)
		r.leave()
		s.calm()
		s.up.wantQuiet()
		s.want(s.hangsUp(time.Second, "alice", "/doc"), "failed: context deadline exceeded") // it cannot be joined
	})
}

func TestAPollKeepsTheCallThatTheLastWatcherLeaves(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		r := s.read("alice", "/doc", "")
		s.up.saw()
		app.tells("", page(`"v2"`, "two").in(2*time.Second))
		s.wait(lastTick)
		poll := s.soon(func() { s.want(s.get("alice", "/doc"), "200 collapsed two") })
		r.leave()
		poll()
		s.up.wantSaw(`watch alice /doc If-None-Match: "v1"`)
	})
}

func TestComingAndGoingLeavesOneClock(t *testing.T) {
	policy := watching()
	policy.Lease = time.Hour
	play(t, policy, func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one").answer)
		stays := s.read("alice", "/doc", "")
		for i := range 500 {
			s.wait(time.Duration(i*37) * time.Millisecond % (400 * time.Millisecond))
			s.read("alice", "/doc", "").leave()
		}
		s.up.saw()
		s.wait(30 * time.Second)
		s.wantCalls("one left", map[string]int{"watch": 9}, map[string]int{"watch": 10})
		stays.leave()
	})
}

// Entering and leaving at the very moment of a tick happen in any order.
func TestWatchesThatOpenAndCloseAtATickLeaveNothingBehind(t *testing.T) {
	for range 30 {
		play(t, watching(), func(s *scene) {
			app := newSheet(`"v1"`, "one")
			app.latency = 0
			s.up.does(app.answer)
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					for range 10 {
						w := s.mustWatch("alice", "/doc")
						s.wait(3*time.Second + time.Duration(i%2)*500*time.Millisecond)
						w.Close()
					}
				})
			}
			wg.Wait()
			s.calm()
			s.up.saw()
			s.wait(time.Minute)
			s.up.wantSaw()
			s.wantOneAtATime()
		})
	}
}

func TestATagThatIsOursIsWatchedByBodies(t *testing.T) {
	policy := watching()
	policy.TagFromBody = true
	play(t, policy, func(s *scene) {
		app := newSheet("", "one")
		s.up.does(app.answer)
		r := s.read("alice", "/doc", "")
		s.wait(30 * time.Second)
		app.turns("", "two")
		s.wait(30 * time.Second)
		r.wantRead("one", "two")
		for _, line := range s.up.saw() {
			if line != "watch alice /doc" && line != "verify alice /doc" {
				t.Errorf("upstream saw %q, want no tag that it did not give", line)
			}
		}
		r.leave()
	})
}

func TestEvictionNeverTakesAWatchedDocument(t *testing.T) {
	playWith(t, coalescer.Options{Documents: 4, Idle: time.Second}, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		var readers []*reader
		for i := range 4 {
			readers = append(readers, s.read("alice", fmt.Sprint("/doc/", i), ""))
		}
		for i := range 500 {
			s.get("alice", fmt.Sprint("/once/", i))
		}
		s.wait(time.Minute)
		app.turns(`"v2"`, "two")
		for i := range 500 {
			s.get("alice", fmt.Sprint("/twice/", i))
		}
		s.wait(lastTick + time.Second)
		for i, r := range readers {
			r.wantRead("one", "two")
			s.want(s.get("alice", fmt.Sprint("/doc/", i)), "200 hit two")
			r.leave()
		}
		s.wait(10 * time.Second)
		if u := s.c.Usage(); u.Documents != 0 {
			t.Errorf("%d documents are left when nobody watches, want 0", u.Documents)
		}
	})
}

func TestCloseEndsTheWatches(t *testing.T) {
	for _, latency := range []time.Duration{0, 9 * time.Second} {
		play(t, watching(), func(s *scene) {
			app := newSheet(`"v1"`, "one")
			s.up.does(app.answer)
			r := s.read("alice", "/doc", "")
			app.tells("", page(`"v1"`, "one").in(latency))
			s.wait(lastTick)
			s.c.Close()
			s.calm()
			r.wantEnded(&coalescer.Ended{Status: http.StatusServiceUnavailable, Reconnect: true})
			s.up.wantQuiet()
			s.up.saw()
			s.wait(time.Hour)
			if _, err := s.watch("alice", "/doc"); err == nil {
				t.Error("a watch was opened after Close")
			}
			s.up.wantSaw()
			r.leave()
		})
	}
}
