package coalescer_test

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

// frozen is an upstream whose tag does not change although its body does, and
// which answers 304 to anyone: tag and body are what GitLab gives to a session
// that it no longer knows, or for a path that nobody touches.
func frozen(full *reply) func(*http.Request) reply {
	return func(r *http.Request) reply {
		if r.Header.Get("If-None-Match") == `W/"stamp"` {
			return unchanged(`ETag: W/"stamp"`)
		}
		return *full
	}
}

func TestAStoredBodyIsGivenOnlyWithinAuditOfAFull200(t *testing.T) {
	play(t, usual(), func(s *scene) {
		full := page(`W/"stamp"`, "secret")
		s.up.does(frozen(&full))
		s.get("alice", "/doc")
		full = says(401, `ETag: W/"stamp"`) // signed out
		for range 20 {
			s.wait(3 * time.Second)
			s.want(s.get("alice", "/doc", `If-None-Match: W/"stamp"`), "304 revalidated")
			s.want(s.get("alice", "/doc"), "200 hit secret")
		}
		s.wait(time.Nanosecond)
		s.want(s.get("alice", "/doc", `If-None-Match: W/"stamp"`), "304 hit") // it has it anyway
		s.up.saw()
		s.want(s.get("alice", "/doc"), "401 fetched Unauthorized")
		s.up.wantSaw("poll alice /doc")
		s.want(s.get("alice", "/doc"), "401 bypassed (status) Unauthorized")
	})
}

func TestAFull200RenewsTheProof(t *testing.T) {
	play(t, usual(), func(s *scene) {
		full := page(`W/"stamp"`, "secret")
		s.up.does(frozen(&full))
		s.get("alice", "/doc")
		s.wait(61 * time.Second)
		s.want(s.get("alice", "/doc"), "200 fetched secret")
		s.wait(time.Minute)
		s.want(s.get("alice", "/doc", `If-None-Match: W/"stamp"`), "304 revalidated")
		s.want(s.get("alice", "/doc"), "200 hit secret")
	})
}

// Where a poll that leads needs the body, a conditional call would be in vain.
func TestWhoNeedsTheBodyAsksForItAtOnce(t *testing.T) {
	play(t, usual(), func(s *scene) {
		full := page(`W/"stamp"`, "secret")
		s.up.does(frozen(&full))
		s.get("alice", "/doc")
		s.wait(61 * time.Second)
		s.up.saw()
		s.get("alice", "/doc")
		s.up.wantSaw("poll alice /doc")
	})
}

func TestTenAuditsEndARunOf304s(t *testing.T) {
	play(t, usual(), func(s *scene) {
		full := page(`W/"stamp"`, "one")
		s.up.does(frozen(&full))
		s.get("alice", "/doc")
		s.up.saw()
		full = page(`W/"stamp"`, "two")
		for range 200 {
			s.wait(3 * time.Second)
			s.want(s.get("alice", "/doc", `If-None-Match: W/"stamp"`), "304 revalidated")
		}
		s.up.wantSaw(slices.Repeat([]string{`poll alice /doc If-None-Match: W/"stamp"`}, 200)...)
		s.wait(3 * time.Second)
		s.want(s.get("alice", "/doc", `If-None-Match: W/"stamp"`), "304 fetched") // what it has is what upstream says it has
		s.up.wantSaw("audit alice /doc")
		s.want(s.get("alice", "/doc"), "200 hit two")
		s.wait(3 * time.Second)
		s.want(s.get("alice", "/doc", `If-None-Match: W/"stamp"`), "304 revalidated")
	})
}

func TestAnAuditFindsThatTheSessionIsGone(t *testing.T) {
	play(t, usual(), func(s *scene) {
		full := page(`W/"stamp"`, "one")
		s.up.does(frozen(&full))
		s.get("alice", "/doc")
		full = says(401, `ETag: W/"stamp"`)
		for range 200 {
			s.wait(3 * time.Second)
			s.get("alice", "/doc", `If-None-Match: W/"stamp"`)
		}
		s.wait(3 * time.Second)
		s.want(s.get("alice", "/doc", `If-None-Match: W/"stamp"`), "401 fetched Unauthorized")
	})
}

// After a start all clients bring the tag: the body may never be seen.
func TestARunOf304sIsAuditedEvenIfOnlyTheTagIsKnown(t *testing.T) {
	play(t, usual(), func(s *scene) {
		full := page(`W/"stamp"`, "one")
		s.up.does(frozen(&full))
		for range 201 {
			s.want(s.get("alice", "/doc", `If-None-Match: W/"stamp"`), "304 revalidated")
			s.wait(3 * time.Second)
		}
		s.up.saw()
		s.want(s.get("alice", "/doc", `If-None-Match: W/"stamp"`), "304 fetched")
		s.up.wantSaw("audit alice /doc")
	})
}

func TestAFailedAuditIsTriedAgain(t *testing.T) {
	play(t, usual(), func(s *scene) {
		full := page(`W/"stamp"`, "one")
		s.up.does(frozen(&full))
		s.get("alice", "/doc")
		s.wait(4 * time.Minute)
		s.get("alice", "/doc", `If-None-Match: W/"stamp"`)
		s.wait(4 * time.Minute)
		s.get("alice", "/doc", `If-None-Match: W/"stamp"`)
		s.wait(4 * time.Minute)
		s.up.saw()
		full = says(503)
		s.want(s.get("alice", "/doc", `If-None-Match: W/"stamp"`), "503 fetched Service Unavailable")
		s.want(s.get("alice", "/doc", `If-None-Match: W/"stamp"`), "503 fetched Service Unavailable")
		s.up.wantSaw("audit alice /doc", "audit alice /doc")
		full = page(`W/"stamp"`, "two")
		s.want(s.get("alice", "/doc"), "200 fetched two")
	})
}
