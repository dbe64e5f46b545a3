package coalescer_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// wrote tells that a write of a user has been answered.
func (s *scene) wrote(user string) { s.c.Wrote(s.poll(user, "/").Writer) }

func TestAfterAWriteAllDocumentsOfItsIdentityAreStale(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(func(r *http.Request) reply { return page(`"v1"`, "before") })
		for _, target := range []string{"/a", "/b"} {
			s.get("alice", target)
			s.get("bob", target)
		}
		s.up.saw()
		s.wait(time.Second)
		s.up.does(func(r *http.Request) reply { return page(`"v2"`, "after") })
		s.wrote("alice")
		s.want(s.get("alice", "/a", `If-None-Match: "v1"`), "200 fetched after")
		s.want(s.get("alice", "/b"), "200 fetched after")
		s.want(s.get("bob", "/a"), "200 hit before")
		s.up.wantSaw(`poll alice /a If-None-Match: "v1"`, "poll alice /b")
		s.wait(time.Nanosecond)
		s.want(s.get("alice", "/a"), "200 fetched after") // in doubt: the call began when the write was answered
		s.wait(time.Nanosecond)
		s.want(s.get("alice", "/a"), "200 hit after")
	})
}

func TestAPollAfterAWriteDoesNotJoinAnOlderCall(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "before").in(rtt))
		older := s.soon(func() { s.want(s.get("alice", "/doc"), "200 fetched before") })
		s.wait(rtt / 2)
		s.wrote("alice")
		s.wait(time.Millisecond)
		s.up.says(page(`"v2"`, "after").in(rtt))
		got := crowd(10, func(int) told { return s.get("alice", "/doc") })
		older()
		s.wantTally(got, map[string]int{"200 fetched after": 1, "200 collapsed after": 9})
		s.want(s.get("alice", "/doc"), "200 hit after")
		s.up.wantSaw("poll alice /doc", "poll alice /doc")
	})
}

func TestAnOlderAnswerDoesNotReplaceANewerOne(t *testing.T) {
	for _, older := range []reply{page(`"v1"`, "before"), unchanged(`ETag: "v0"`), says(404), says(503), broken(errRefused)} {
		t.Run(http.StatusText(older.status), func(t *testing.T) {
			policy := usual()
			policy.Interval, policy.StaleIfError = 30*time.Second, time.Minute
			play(t, policy, func(s *scene) {
				s.up.says(page(`"v0"`, "first"))
				s.get("alice", "/doc")
				s.wait(30 * time.Second)
				s.up.says(older.in(8 * time.Second))
				waiting := s.soon(func() { s.get("alice", "/doc") })
				s.wait(time.Second)
				s.wrote("alice")
				s.wait(time.Millisecond)
				s.up.says(page(`"v2"`, "after"))
				s.want(s.get("alice", "/doc"), "200 fetched after")
				waiting()
				s.want(s.get("alice", "/doc"), "200 hit after")
				s.up.says(page(`"v3"`, "later"))
				s.wait(25 * time.Second)
				if g := s.get("alice", "/doc"); g.body != "later" { // an old failure does not put it off
					t.Errorf("client got %q, want the newest", g)
				}
			})
		})
	}
}

// A write may have been the end of a permission: what was proven before it
// proves nothing.
func TestAfterAWriteABodyIsGivenOnlyAfterANewFull200(t *testing.T) {
	play(t, usual(), func(s *scene) {
		full := page(`W/"stamp"`, "secret")
		s.up.does(frozen(&full))
		s.get("alice", "/doc")
		s.wait(time.Second)
		s.wrote("alice")
		s.wait(time.Millisecond)
		full = says(403)
		s.want(s.get("alice", "/doc", `If-None-Match: W/"stamp"`), "304 revalidated")
		s.want(s.get("alice", "/doc"), "403 fetched Forbidden")
	})
}

func TestFollowersOfA304AfterAWriteFetchTheBody(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(func(r *http.Request) reply {
			if r.Header.Get("If-None-Match") == `"v1"` {
				return unchanged().in(rtt)
			}
			return page(`"v1"`, "one").in(rtt)
		})
		s.get("alice", "/doc")
		s.wrote("alice")
		s.wait(time.Millisecond)
		leader := s.soon(func() { s.want(s.get("alice", "/doc", `If-None-Match: "v1"`), "304 revalidated") })
		s.want(s.get("alice", "/doc"), "200 fetched one")
		leader()
	})
}

func TestWhereAllShareAWriteIsItsWritersAlone(t *testing.T) {
	policy := usual()
	policy.Share = coalescer.Everything
	play(t, policy, func(s *scene) {
		s.up.says(page(`"v1"`, "before"))
		s.get("alice", "/doc")
		s.wait(time.Second)
		s.wrote("alice")
		s.wait(time.Millisecond)
		s.up.says(page(`"v2"`, "after"))
		s.want(s.get("bob", "/doc"), "200 hit before")
		s.want(s.get("alice", "/doc"), "200 fetched after")
		s.want(s.get("bob", "/doc"), "200 hit after")
	})
}

func TestAReaderOfItsOwnWritesNeverSeesOlder(t *testing.T) {
	play(t, usual(), func(s *scene) {
		var mu sync.Mutex
		version := 0
		s.up.does(func(*http.Request) reply {
			mu.Lock()
			defer mu.Unlock()
			return page(fmt.Sprintf(`"v%d"`, version), fmt.Sprint(version)).in(rtt)
		})
		var wg sync.WaitGroup
		for tab := range 3 { // others of the same identity, whose calls are under way at any time
			wg.Go(func() {
				for range 500 {
					s.get("alice", "/doc")
					s.wait(time.Duration(tab*7+1) * time.Millisecond)
				}
			})
		}
		for range 100 {
			s.wait(333 * time.Millisecond)
			mu.Lock()
			version++
			written := version
			mu.Unlock()
			s.wrote("alice")
			if g := s.get("alice", "/doc"); g.body != fmt.Sprint(written) {
				t.Fatalf("after write %d client got %q", written, g)
			}
		}
		wg.Wait()
	})
}
