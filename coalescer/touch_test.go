package coalescer_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
)

func allShares() []coalescer.Share {
	return []coalescer.Share{coalescer.Nothing, coalescer.Changes, coalescer.Verified, coalescer.Everything}
}

// touch tells that a path changed, and lets a moment pass, so that what follows
// comes later.
func (s *scene) touch(path string) int {
	n := s.c.Touch(ledger.TouchAPI, path, "")
	s.wait(time.Nanosecond)
	return n
}

func TestAfterATouchNobodyIsGivenWhatWasAskedForBefore(t *testing.T) {
	for _, share := range allShares() {
		t.Run(share.String(), func(t *testing.T) {
			play(t, sharing(share), func(s *scene) {
				up := newSheet(`"v1"`, "before")
				s.up.does(up.answer)
				users := []string{"alice", "bob", "carol"}
				for _, user := range users {
					s.get(user, "/doc")
				}
				s.wait(time.Second)
				up.turns(`"v2"`, "after")
				s.touch("/doc")
				for _, user := range users {
					if g := s.get(user, "/doc", `If-None-Match: "v1"`); g.body != "after" {
						t.Errorf("%s got %q, want what is current", user, g)
					}
				}
				s.up.saw()
				s.want(s.get("bob", "/doc"), "200 hit after")
				s.up.wantSaw()
			})
		})
	}
}

func TestATouchMeetsEveryHostQueryIdentityAndVariantOfItsPathAlone(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		for _, target := range []string{"/gr%C3%B6%C3%9Fe/1", "/gr%C3%B6%C3%9Fe/1?page=2", "/größe/1?page=3", "/größe/12", "/größe"} {
			s.get("alice", target)
			s.get("bob", target, "Accept: text/html")
		}
		tests := []struct {
			path, query string
			want        int
		}{
			{"/größe/1", "", 6},
			{"/größe/1", "?page=2", 2},
			{"/größe/1", "?page=4", 0},
			{"/größe", "", 2},
			{"/gr", "", 0},
			{"/", "", 0},
		}
		for _, test := range tests {
			if got := s.c.Touch(ledger.TouchAPI, test.path, test.query); got != test.want {
				t.Errorf("touch of %s%s met %d documents, want %d", test.path, test.query, got, test.want)
			}
		}
		under := func(path string) bool { return strings.HasPrefix(path, "/größe/") }
		if got := s.c.TouchAll(ledger.TouchAPI, under); got != 8 {
			t.Errorf("touch of all under /größe/ met %d documents, want 8", got)
		}
	})
}

func TestForgottenDocumentsAreNotTouched(t *testing.T) {
	playWith(t, coalescer.Options{Documents: 2}, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		for _, target := range []string{"/doc?1", "/doc?2", "/doc?3", "/doc?4"} {
			s.get("alice", target)
			s.wait(time.Millisecond)
		}
		s.usage()
		if got := s.touch("/doc"); got != 2 {
			t.Errorf("met %d documents, want those that are held: 2", got)
		}
		s.wait(10 * time.Minute)
		if got := s.touch("/doc"); got != 0 {
			t.Errorf("met %d documents after all are forgotten, want 0", got)
		}
	})
}

func TestAPollAfterATouchDoesNotJoinAnOlderCall(t *testing.T) {
	for _, share := range allShares() {
		t.Run(share.String(), func(t *testing.T) {
			play(t, sharing(share), func(s *scene) {
				s.up.says(page(`"v1"`, "before").in(rtt))
				older := s.soon(func() { s.want(s.get("alice", "/doc"), "200 fetched before") })
				s.wait(rtt / 2)
				s.touch("/doc")
				s.up.says(page(`"v2"`, "after").in(rtt))
				got := crowd(10, func(int) told { return s.get("alice", "/doc") })
				older()
				s.wantTally(got, map[string]int{"200 fetched after": 1, "200 collapsed after": 9})
				s.want(s.get("alice", "/doc"), "200 hit after")
				s.up.wantSaw("poll alice /doc", `poll alice /doc If-None-Match: "v1"`)
				s.wantOneAtATime()
			})
		})
	}
}

func TestAWatcherIsToldOfATouchAtOnce(t *testing.T) {
	for _, share := range allShares() {
		t.Run(share.String(), func(t *testing.T) {
			play(t, sharing(share), func(s *scene) {
				up := newSheet(`"v1"`, "one")
				s.up.does(up.answer)
				alice, bob := s.read("alice", "/doc", ""), s.read("bob", "/doc", "")
				s.wait(time.Second)
				alice.saw()
				bob.saw()
				up.turns(`"v2"`, "two")
				s.touch("/doc")
				s.wait(5 * time.Millisecond)
				s.calm()
				alice.wantRead("two")
				bob.wantRead("two")
				alice.leave()
				bob.leave()
			})
		})
	}
}

// A thousand touches a second for ten seconds, on a document that is watched,
// polled, or both.
func TestAStormOfTouchesCostsOneCallPerLeastInterval(t *testing.T) {
	for _, share := range allShares() {
		for _, who := range []string{"watched", "polled", "both"} {
			t.Run(share.String()+" "+who, func(t *testing.T) {
				play(t, sharing(share), func(s *scene) {
					up := newSheet(`"v0"`, "0")
					s.up.does(up.answer)
					s.get("alice", "/doc")
					var watcher *reader
					if who != "polled" {
						watcher = s.read("alice", "/doc", "")
						defer watcher.leave()
					}
					s.wait(30 * time.Second)
					s.up.saw()
					longest := time.Second + 5*time.Millisecond
					if share == coalescer.Changes {
						longest *= 2 // first the probe, then the document
					}
					var pollers sync.WaitGroup
					for i := 1; i <= 10_000; i++ {
						up.turns(fmt.Sprintf(`"v%d"`, i), fmt.Sprint(i))
						s.c.Touch(ledger.TouchAPI, "/doc", "")
						if who != "watched" && i%10 == 0 {
							pollers.Go(func() {
								if g := s.get("alice", "/doc"); g.took > longest {
									t.Errorf("a poll took %v", g.took)
								}
							})
						}
						s.wait(time.Millisecond)
					}
					s.wait(time.Second + 10*time.Millisecond)
					pollers.Wait()
					calls := byReason(s.up.saw())
					total := calls["poll"] + calls["watch"] + calls["verify"]
					if total > 12 || calls["probe"] > 12 || total < 10 {
						t.Errorf("got %v calls, want one per second", calls)
					}
					if watcher != nil {
						if told := watcher.saw(); len(told) == 0 || string(told[len(told)-1].Body) != "10000" {
							t.Errorf("watcher was told %d states and not the last", len(told))
						}
					}
					if g := s.get("alice", "/doc"); g.body != "10000" {
						t.Errorf("got %q after the storm, want the last state", g)
					}
					s.wantOneAtATime()
				})
			})
		}
	}
}

func TestWhereTheLeastIntervalIsLongAPollIsToldThatWhatItGetsIsStale(t *testing.T) {
	policy := usual()
	policy.Interval, policy.MinInterval = 30*time.Second, 30*time.Second
	play(t, policy, func(s *scene) {
		up := newSheet(`"v1"`, "one")
		s.up.does(up.answer)
		s.get("alice", "/doc")
		s.touch("/doc")
		up.turns(`"v2"`, "two")
		s.want(s.get("alice", "/doc"), "200 fetched two") // the first of them asks at once
		up.turns(`"v3"`, "three")
		s.wait(time.Second)
		s.touch("/doc")
		s.wait(time.Second)
		g := s.get("alice", "/doc")
		s.want(g, "200 hit two")
		if g.answer.TTL >= 0 {
			t.Errorf("got ttl %v, want one that says stale", g.answer.TTL)
		}
		s.wait(28 * time.Second)
		s.want(s.get("alice", "/doc"), "200 fetched three")
	})
}

func TestATouchedDocumentWhoseUpstreamFailsIsAskedForAgain(t *testing.T) {
	play(t, watching(), func(s *scene) {
		up := newSheet(`"v1"`, "one")
		s.up.does(up.answer)
		watcher := s.read("alice", "/doc", "")
		defer watcher.leave()
		up.tells("", says(503))
		up.turns(`"v2"`, "two")
		s.wait(100 * time.Millisecond)
		s.touch("/doc")
		s.wait(time.Second)
		watcher.wantRead("one")
		up.recovers()
		s.wait(lastTick)
		watcher.wantRead("two")
	})
}

// A document is touched, polled and watched at random moments while calls are
// under way that take their time; whatever the order, everybody ends up with the
// last state, and nobody who polls after a touch is given what was before it.
func TestTheLastStateIsNeverLost(t *testing.T) {
	races := 10_000 / len(allShares())
	if brief() {
		races /= 10
	}
	for _, share := range allShares() {
		t.Run(share.String(), func(t *testing.T) {
			play(t, sharing(share), func(s *scene) {
				s.up.forgets = true
				var mu sync.Mutex
				version, rng := 0, rand.New(rand.NewPCG(1, uint64(share)))
				upTo := func(d time.Duration) time.Duration {
					mu.Lock()
					defer mu.Unlock()
					return time.Duration(1 + rng.Int64N(int64(d)))
				}
				s.up.does(func(r *http.Request) reply {
					latency := upTo(40 * time.Millisecond)
					mu.Lock()
					defer mu.Unlock()
					tag := fmt.Sprintf(`"v%d"`, version)
					if r.Header.Get("If-None-Match") == tag {
						return unchanged("ETag: " + tag).in(latency)
					}
					return page(tag, fmt.Sprint(version)).in(latency)
				})
				alice, bob := s.read("alice", "/doc", ""), s.read("bob", "/doc", "")
				defer alice.leave()
				defer bob.leave()
				for race := 1; race <= races; race++ {
					s.wait(upTo(50 * time.Millisecond))
					mu.Lock()
					version = race
					mu.Unlock()
					s.touch("/doc")
					if race%10 != 0 {
						continue
					}
					if g := s.get("carol", "/doc"); g.body != fmt.Sprint(race) {
						t.Fatalf("race %d: polled %q", race, g)
					}
					s.wait(1100 * time.Millisecond)
					for _, r := range []*reader{alice, bob} {
						told := r.saw()
						if len(told) == 0 || string(told[len(told)-1].Body) != fmt.Sprint(race) {
							t.Fatalf("race %d: a watcher was told %d states, not the last", race, len(told))
						}
					}
				}
			})
		})
	}
}

// What was touched is asked for again, and not without a pause, where another
// than its own call settles it, or none.
func TestATouchedDocumentThatIsNotAskedForByItselfIsNotAskedForWithoutAPause(t *testing.T) {
	for _, share := range allShares() {
		for _, fails := range []bool{false, true} {
			t.Run(fmt.Sprint(share, " fails ", fails), func(t *testing.T) {
				policy := sharing(share)
				policy.StaleIfError = time.Minute
				play(t, policy, func(s *scene) {
					up := newSheet(`"v1"`, "one")
					s.up.does(up.answer)
					alice, bob := s.read("alice", "/doc", ""), s.read("bob", "/doc", "")
					defer alice.leave()
					defer bob.leave()
					if fails {
						up.tells("", says(503))
					}
					s.wait(5 * time.Second)
					s.up.saw()
					s.touch("/doc")
					s.wait(5 * time.Second)
					if n := len(s.up.saw()); n > 15 {
						t.Errorf("%d calls within five seconds of one touch", n)
					}
				})
			})
		}
	}
}
