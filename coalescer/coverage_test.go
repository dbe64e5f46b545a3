package coalescer_test

import (
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// covered has a scene's route stretched to a minute while news cover it.
func covered(s *scene) {
	s.route.SafetyInterval = time.Minute
	s.route.Coverage = &coalescer.Coverage{}
	s.c.Cover(s.route, true)
}

func TestWhileNewsCoverARouteItsDocumentsAreAskedForEverySafetyInterval(t *testing.T) {
	for _, share := range allShares() {
		t.Run(share.String(), func(t *testing.T) {
			policy := sharing(share)
			policy.Audit, policy.Lease = time.Hour, time.Hour
			play(t, policy, func(s *scene) {
				covered(s)
				up := newSheet(`"v1"`, "one")
				s.up.does(up.answer)
				s.get("alice", "/polled")
				watcher := s.read("alice", "/watched", "")
				defer watcher.leave()
				s.up.saw()
				for range 59 {
					s.wait(time.Second)
					g := s.get("alice", "/polled")
					if left := time.Minute - g.answer.Age; g.answer.TTL != left {
						t.Fatalf("got ttl %v at age %v, want %v", g.answer.TTL, g.answer.Age, left)
					}
				}
				s.up.wantSaw()
				s.wait(time.Minute + 30*time.Second)
				s.get("alice", "/polled")
				least, most := map[string]int{"watch": 2}, map[string]int{"watch": 2, "poll": 1}
				if share == coalescer.Changes {
					least, most = map[string]int{"probe": 3}, map[string]int{"probe": 3}
				}
				s.wantCalls("two and a half minutes", least, most)
				up.turns(`"v2"`, "two")
				s.touch("/polled")
				s.touch("/watched")
				s.wait(10 * time.Millisecond)
				watcher.wantRead("one", "two")
				if g := s.get("alice", "/polled"); g.body != "two" {
					t.Errorf("polled %q after the touch", g)
				}
			})
		})
	}
}

// Leases are kept however far the interval is stretched.
func TestAStretchEndsWithTheLease(t *testing.T) {
	policy := watching()
	policy.Lease = 20 * time.Second
	play(t, policy, func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one").answer)
		covered(s)
		watcher := s.read("alice", "/doc", "")
		defer watcher.leave()
		s.up.saw()
		s.wait(60 * time.Second)
		s.wantCalls("three leases", map[string]int{"verify": 2}, map[string]int{"verify": 4})
	})
}

// When a source is lost, a thousand documents are due again within an interval,
// and not at once.
func TestWhenNewsAreLostEverythingHeldIsDueWithinAnIntervalSpreadOut(t *testing.T) {
	play(t, watching(), func(s *scene) {
		covered(s)
		s.up.does(newSheet(`"v1"`, "one").answer)
		var watchers []*reader
		for i := range 200 {
			watchers = append(watchers, s.read(string(rune('a'+i)), "/doc", ""))
		}
		s.get("poller", "/doc")
		s.wait(30 * time.Second)
		s.up.saw()
		s.c.Cover(s.route, false)
		for range 10 {
			s.wait(300 * time.Millisecond)
			if n := len(s.up.saw()); n > 50 {
				t.Errorf("%d of 200 documents were asked for within a tenth of the interval", n)
			}
		}
		s.wait(500 * time.Millisecond)
		s.want(s.get("poller", "/doc", `If-None-Match: "v1"`), "304 revalidated")
		s.wait(3 * time.Second)
		if n := len(s.up.saw()); n < 200 {
			t.Errorf("%d documents were asked for in the interval after, want all 200", n)
		}
		for _, w := range watchers {
			w.leave()
		}
	})
}

// A document that is confirmed while news are being lost is not left stretched.
func TestACallUnderWayWhenNewsAreLostIsNotStretched(t *testing.T) {
	play(t, usual(), func(s *scene) {
		covered(s)
		s.up.says(page(`"v1"`, "one").in(rtt))
		done := s.soon(func() { s.get("alice", "/doc") })
		s.c.Cover(s.route, false)
		done()
		s.wait(3 * time.Second)
		s.want(s.get("alice", "/doc"), "200 fetched one")
	})
}

// What changed before the sources were alive nobody has told.
func TestACallThatBeganBeforeNewsCoveredTheRouteIsNotStretched(t *testing.T) {
	play(t, usual(), func(s *scene) {
		covered(s)
		s.c.Cover(s.route, false)
		s.up.says(page(`"v1"`, "one").in(rtt))
		done := s.soon(func() { s.get("alice", "/doc") })
		s.wait(rtt / 2)
		s.c.Cover(s.route, true)
		done()
		s.wait(3 * time.Second)
		s.want(s.get("alice", "/doc"), "200 fetched one")
		s.wait(30 * time.Second)
		s.want(s.get("alice", "/doc"), "200 hit one")
	})
}

// A touch may come before upstream's replicas know of the change.
func TestNewsThatUpstreamDoesNotKnowOfYetAreAskedForAgainSoon(t *testing.T) {
	play(t, watching(), func(s *scene) {
		covered(s)
		up := newSheet(`"v1"`, "one")
		s.up.does(up.answer)
		watcher := s.read("alice", "/doc", "")
		defer watcher.leave()
		s.wait(10 * time.Second)
		s.touch("/doc")
		s.wait(time.Second)
		up.turns(`"v2"`, "two")
		s.wait(lastTick)
		watcher.wantRead("one", "two")
		s.up.saw()
		s.wait(30 * time.Second)
		s.wantCalls("after that", nil, map[string]int{"verify": 1})
	})
}

func TestAReloadKeepsNewsAlive(t *testing.T) {
	play(t, usual(), func(s *scene) {
		covered(s)
		before := s.route
		s.route = newRoute(before.Policy)
		s.route.Inherit(before)
		s.up.says(page(`"v1"`, "one"))
		s.get("alice", "/doc")
		s.wait(30 * time.Second)
		s.want(s.get("alice", "/doc"), "200 hit one")
		s.c.Cover(s.route, false)
		s.wait(3 * time.Second)
		s.want(s.get("alice", "/doc"), "200 fetched one")
	})
}
