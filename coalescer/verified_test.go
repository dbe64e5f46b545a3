package coalescer_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// verified is the policy of scenes in which equals share; leases are far away
// unless a scene is about them.
func verified() coalescer.Policy {
	policy := sharing(coalescer.Verified)
	policy.Lease, policy.Audit = time.Hour, time.Hour
	return policy
}

func users(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("user", i)
	}
	return names
}

// everyone polls, one after the other, within much less than an interval.
func (s *scene) everyone(users []string, target string, lines ...string) []told {
	var got []told
	for _, user := range users {
		got = append(got, s.get(user, target, lines...))
	}
	return got
}

func TestEqualsAreGivenTheBodyByACallOfTheirOwn(t *testing.T) {
	play(t, verified(), func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one").answer)
		s.wantTally(s.everyone(users(50), "/doc"), map[string]int{"200 fetched one": 50})
		s.wantCalls("first sights", map[string]int{"poll": 50}, map[string]int{"poll": 50})
	})
}

func TestOneOfThoseWhoWereGivenTheSameAsksForAll(t *testing.T) {
	play(t, verified(), func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one").answer)
		all := users(50)
		s.everyone(all, "/doc")
		s.up.saw()
		for range 10 {
			s.wait(4 * time.Second)
			s.wantTally(s.everyone(all, "/doc"), map[string]int{"200 revalidated one": 1, "200 hit one": 49})
			s.wantCalls("an interval", map[string]int{"poll": 1}, map[string]int{"poll": 1})
		}
	})
}

func TestThoseWhoComeTogetherWaitForTheOneWhoAsks(t *testing.T) {
	play(t, verified(), func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one").answer)
		all := users(50)
		s.everyone(all, "/doc")
		s.up.saw()
		s.wait(4 * time.Second)
		got := crowd(50, func(i int) told { return s.get(all[i], "/doc", `If-None-Match: "v1"`) })
		s.wantTally(got, map[string]int{"304 revalidated": 1, "304 hit": 49})
		s.wantCalls("a crowd", map[string]int{"poll": 1}, map[string]int{"poll": 1})
	})
}

func TestWhatChangedIsFetchedByEachForItself(t *testing.T) {
	play(t, verified(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		all := users(20)
		s.everyone(all, "/doc")
		app.turns(`"v2"`, "two")
		s.up.saw()
		s.wait(4 * time.Second)
		s.wantTally(s.everyone(all, "/doc", `If-None-Match: "v1"`), map[string]int{"200 fetched two": 20})
		s.wantCalls("a change", map[string]int{"verify": 19, "poll": 1}, map[string]int{"verify": 19, "poll": 1})
		s.wait(4 * time.Second)
		s.everyone(all, "/doc", `If-None-Match: "v2"`)
		s.wantCalls("the interval after it", map[string]int{"poll": 1}, map[string]int{"poll": 1})
	})
}

// A tag says nothing of who may see what: only bytes do.
func TestWhoIsGivenOtherBytesUnderTheSameTagAsksAlone(t *testing.T) {
	play(t, verified(), func(s *scene) {
		app := newSheet(`"stamp"`, "for all")
		app.tells("admin", page(`"stamp"`, "for admins"))
		s.up.does(app.answer)
		s.want(s.get("alice", "/doc"), "200 fetched for all")
		s.want(s.get("admin", "/doc"), "200 fetched for admins")
		s.want(s.get("bob", "/doc"), "200 fetched for all")
		s.wait(4 * time.Second)
		s.up.saw()
		for user, body := range map[string]string{"alice": "for all", "admin": "for admins", "bob": "for all"} {
			if got := s.get(user, "/doc"); got.body != body {
				t.Errorf("%s got %q, want %q", user, got.body, body)
			}
		}
		s.wantCalls("an interval", map[string]int{"poll": 2}, map[string]int{"poll": 2})
	})
}

func TestALeaseIsRenewedByAnUnconditionalCall(t *testing.T) {
	policy := verified()
	policy.Lease = time.Minute
	play(t, policy, func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		all := users(20)
		s.everyone(all, "/doc")
		app.tells("user7", says(http.StatusForbidden))
		s.up.saw()
		for range 20 {
			s.wait(3500 * time.Millisecond)
			s.everyone(all, "/doc")
		}
		if got := s.get("user7", "/doc"); got.status != http.StatusForbidden {
			t.Errorf("who lost the right got %s after the lease, want 403", got)
		}
		s.wantCalls("a lease and a bit", map[string]int{"verify": 20}, map[string]int{"verify": 40, "poll": 20, "pass": 20})
	})
}

func TestWhoWroteIsGivenNothingThatOthersWereTold(t *testing.T) {
	play(t, verified(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		all := users(3)
		s.everyone(all, "/doc")
		s.wrote("user1") // it may have been a sign-out
		app.tells("user1", says(http.StatusUnauthorized))
		s.wait(4 * time.Second)
		s.everyone(all[:1], "/doc")
		if got := s.get("user1", "/doc"); got.status != http.StatusUnauthorized {
			t.Errorf("who has signed out got %s, want 401", got)
		}
	})
}

func TestAnAnswerThatVariesOnWhoAsksIsSharedWithNobody(t *testing.T) {
	for _, vary := range []string{"Vary: Cookie", "vary: accept, cookie"} {
		play(t, verified(), func(s *scene) {
			s.up.does(newSheet(`"v1"`, "one", vary).answer)
			all := users(5)
			s.everyone(all, "/doc")
			s.up.saw()
			s.wait(4 * time.Second)
			s.everyone(all, "/doc")
			s.wantCalls(vary, map[string]int{"poll": 5}, map[string]int{"poll": 5})
		})
	}
}

// A browser's cache may know a state that nobody was given here. That upstream
// confirms it says nothing of what the others have.
func TestAForeignTagThatIsConfirmedConcernsNobodyElse(t *testing.T) {
	play(t, verified(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		s.everyone(users(3), "/doc")
		app.turns(`"v2"`, "two")
		s.want(s.get("user0", "/doc", `If-None-Match: "v2"`), "304 revalidated")
		s.wait(4 * time.Second)
		s.want(s.get("user1", "/doc", `If-None-Match: "v1"`), "200 fetched two")
		app.turns(`"v3"`, "three")
		s.wait(4 * time.Second)
		s.want(s.get("user1", "/doc"), "200 fetched three")
		s.want(s.get("user0", "/doc", `If-None-Match: "v2"`), "200 fetched three")
		s.want(s.get("user2", "/doc", `If-None-Match: "v1"`), "200 fetched three")
	})
}

func TestTheOneWhoAsksForAllHangingUpLeavesTheNextToAsk(t *testing.T) {
	play(t, verified(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		all := users(3)
		s.everyone(all, "/doc")
		s.up.saw()
		s.wait(4 * time.Second)
		app.latency = time.Second
		leader := s.soon(func() { s.hangsUp(rtt, "user0", "/doc") })
		got := crowd(2, func(i int) told { return s.get(all[i+1], "/doc") })
		leader()
		s.wantTally(got, map[string]int{"200 revalidated one": 1, "200 hit one": 1})
		s.wantCalls("a leader that left", map[string]int{"poll": 2}, map[string]int{"poll": 2})
	})
}

func TestWhereUpstreamFailsTheOneWhoAsksEachIsToldByItself(t *testing.T) {
	play(t, verified(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		all := users(4)
		s.everyone(all, "/doc")
		app.tells("user0", says(http.StatusServiceUnavailable))
		s.wait(4 * time.Second)
		if got := s.get("user0", "/doc"); got.status != http.StatusServiceUnavailable {
			t.Errorf("the one who asked got %s, want 503", got)
		}
		s.wantTally(s.everyone(all[1:], "/doc"), map[string]int{"200 revalidated one": 3})
	})
}

func TestWatchersWhoWereGivenTheSameTickTogether(t *testing.T) {
	play(t, verified(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		var readers []*reader
		for _, user := range users(50) {
			readers = append(readers, s.read(user, "/doc", ""))
		}
		s.up.saw()
		s.wait(time.Minute)
		s.wantCalls("nothing changes", map[string]int{"watch": 18}, map[string]int{"watch": 20})
		app.turns(`"v2"`, "two")
		s.wait(2 * lastTick)
		s.wantCalls("a change", map[string]int{"verify": 49}, map[string]int{"verify": 49, "watch": 4})
		for _, r := range readers {
			r.wantRead("one", "two")
			r.leave()
		}
	})
}

func TestEqualBytesAreStoredOnce(t *testing.T) {
	play(t, verified(), func(s *scene) {
		body := string(make([]byte, 100_000))
		s.up.does(newSheet(`"v1"`, body).answer)
		all := users(50)
		s.everyone(all, "/doc")
		for range 3 { // being given them again changes nothing
			if used := s.c.Usage().StoredBytes; used > 2*int64(len(body)) {
				t.Errorf("50 documents with one body of %d bytes take %d", len(body), used)
			}
			s.wait(2 * time.Hour / 3)
			s.everyone(all, "/doc")
		}
	})
}
