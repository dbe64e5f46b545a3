package coalescer_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

const rtt = 200 * time.Millisecond

func TestAThousandFirstPollsMakeOneCall(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one", "Cache-Control: max-age=0, private, must-revalidate").in(rtt))
		got := crowd(1000, func(int) told { return s.get("alice", "/doc") })
		s.wantTally(got, map[string]int{"200 fetched one": 1, "200 collapsed one": 999})
		s.up.wantSaw("poll alice /doc")
		if d := slowest(got); d != rtt {
			t.Errorf("the last was answered after %v, want %v", d, rtt)
		}
	})
}

func TestAThousandPollsOfAStaleDocumentMakeOneConditionalCall(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		s.get("alice", "/doc")
		s.up.saw()
		s.wait(3 * time.Second)

		s.up.says(unchanged().in(rtt))
		got := crowd(1000, func(i int) told {
			if i%2 == 0 {
				return s.get("alice", "/doc", `If-None-Match: "v1"`)
			}
			return s.get("alice", "/doc")
		})
		s.up.wantSaw(`poll alice /doc If-None-Match: "v1"`)
		if d := slowest(got); d != rtt {
			t.Errorf("the last was answered after %v, want %v", d, rtt)
		}
		for i, g := range got {
			if want := [...]int{304, 200}[i%2]; g.status != want {
				t.Fatalf("client %d got %q, want status %d", i, g, want)
			}
		}
	})
}

func TestEachIdentityHasItsOwnDocument(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(func(r *http.Request) reply { return page(`"same"`, "for "+userOf(r)).in(rtt) })
		users := []string{"alice", "bob", ""}
		got := crowd(len(users), func(i int) told { return s.get(users[i], "/import/realtime_changes.json") })
		s.want(got[0], "200 fetched for alice")
		s.want(got[1], "200 fetched for bob")
		s.want(got[2], "200 fetched for nobody")
		s.want(s.get("bob", "/import/realtime_changes.json"), "200 hit for bob")
	})
}

func TestVariantsHaveTheirOwnDocuments(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(func(r *http.Request) reply { return page(`"same"`, r.URL.RawQuery+r.Header.Get("Accept")) })
		s.want(s.get("alice", "/pipelines.json?scope=all"), "200 fetched scope=all")
		s.want(s.get("alice", "/pipelines.json?scope=running&page=2"), "200 fetched scope=running&page=2")
		s.want(s.get("alice", "/pipelines.json", "Accept: text/html"), "200 fetched text/html")
	})
}

func TestPollsWithinTheIntervalAreAnsweredFromMemory(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		s.want(s.get("alice", "/doc"), "200 fetched one")
		s.wait(3*time.Second - time.Nanosecond)
		got := s.get("alice", "/doc")
		s.want(got, "200 hit one")
		if a := got.answer; a.TTL != time.Nanosecond || a.Age != 3*time.Second-time.Nanosecond {
			t.Errorf("TTL %v, Age %v, want 1ns and 3s less that", a.TTL, a.Age)
		}
		s.want(s.get("alice", "/doc", `If-None-Match: "v1"`), "304 hit")
		s.wait(time.Nanosecond)
		s.want(s.get("alice", "/doc"), "200 fetched one")
	})
}

func TestA304IsFreshForAnotherInterval(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		s.get("alice", "/doc")
		s.up.says(unchanged(`ETag: "v1"`))
		s.up.saw()
		for range 4 {
			s.wait(3 * time.Second)
			s.want(s.get("alice", "/doc", `If-None-Match: "v1"`), "304 revalidated")
			s.wait(time.Second)
			s.want(s.get("alice", "/doc"), "200 hit one")
			s.want(s.get("alice", "/doc", `If-None-Match: "v1"`), "304 hit")
		}
		s.up.wantSaw(slices.Repeat([]string{`poll alice /doc If-None-Match: "v1"`}, 4)...)
	})
}

func TestAThousandClientsForAMinuteMakeOneCallPerInterval(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(func(r *http.Request) reply {
			if r.Header.Get("If-None-Match") == `"v1"` {
				return unchanged().in(rtt)
			}
			return page(`"v1"`, "one").in(rtt)
		})
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				s.wait(time.Duration(i) * 3 * time.Millisecond)
				var lines []string
				for range 20 {
					if g := s.get("alice", "/doc", lines...); g.status >= 400 || g.err != nil {
						t.Errorf("client %d got %q", i, g)
					}
					lines = []string{`If-None-Match: "v1"`}
					s.wait(3 * time.Second)
				}
			})
		}
		wg.Wait()
		if n := s.up.count(); n > 22 {
			t.Errorf("%d calls for 20,000 polls, want at most 22", n)
		}
	})
}

func TestNoTwoCallsOfADocumentAreInFlight(t *testing.T) {
	play(t, usual(), func(s *scene) {
		version := 0
		s.up.does(func(*http.Request) reply {
			version++ // called by one flight at a time, which is the point
			return page(fmt.Sprintf(`"v%d"`, version), "body").in(8 * time.Second)
		})
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				s.wait(time.Duration(i) * 37 * time.Millisecond)
				for range 20 {
					s.get("alice", "/doc")
					s.wait(time.Duration(i) * 100 * time.Millisecond)
				}
			})
		}
		wg.Wait()
		if s.up.peak != 1 {
			t.Errorf("%d calls of one document at a time, want 1", s.up.peak)
		}
	})
}

func TestASlowCallIsFollowedByAPause(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one").in(8 * time.Second)) // longer than the interval
		s.get("alice", "/doc")
		s.wait(time.Second - time.Nanosecond)
		s.want(s.get("alice", "/doc"), "200 hit one")
		s.wait(time.Nanosecond)
		s.want(s.get("alice", "/doc"), "200 fetched one")
	})
}

func TestAnAnswerIsFreshForThoseWhoWaitedForIt(t *testing.T) {
	policy := usual()
	policy.Interval, policy.MinInterval = time.Millisecond, time.Millisecond
	play(t, policy, func(s *scene) {
		s.up.says(page(`"v1"`, "one", "Cache-Control: max-age=0").in(rtt))
		got := crowd(10, func(int) told { return s.get("alice", "/doc") })
		s.wantTally(got, map[string]int{"200 fetched one": 1, "200 collapsed one": 9})
	})
}

func TestAHeadIsAnsweredByHeads(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		s.want(s.get("alice", "HEAD /doc"), "200 fetched")
		got := s.get("alice", "HEAD /doc")
		s.want(got, "200 hit")
		if n := got.header.Get("Content-Length"); n != "3" {
			t.Errorf("Content-Length %q, want what the GET would have", n)
		}
		s.want(s.get("alice", "/doc"), "200 fetched one")
		s.want(s.get("alice", "HEAD /doc", `If-None-Match: "v1"`), "304 hit")
	})
}

func TestEveryoneSharesTheBodyWhereTheOperatorSaysThatItIsPublic(t *testing.T) {
	policy := usual()
	policy.Share = coalescer.Everything
	play(t, policy, func(s *scene) {
		s.up.says(page(`"v1"`, "public").in(rtt))
		got := crowd(100, func(i int) told { return s.get(fmt.Sprint("user", i), "/doc") })
		s.wantTally(got, map[string]int{"200 fetched public": 1, "200 collapsed public": 99})
	})
}
