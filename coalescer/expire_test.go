package coalescer_test

import (
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

func TestWhatHasExpiredIsGivenToNobody(t *testing.T) {
	for _, share := range []coalescer.Share{coalescer.Nothing, coalescer.Changes, coalescer.Verified, coalescer.Everything} {
		t.Run(share.String(), func(t *testing.T) {
			policy := usual()
			policy.Share = share
			play(t, policy, func(s *scene) {
				s.up.says(page(`"v1"`, "before"))
				users := []string{"alice", "bob"}
				for _, user := range users {
					s.get(user, "/doc")
				}
				s.wait(time.Second)
				s.up.says(page(`"v2"`, "after"))
				s.c.Expire()
				s.wait(time.Millisecond)
				for _, user := range users {
					if g := s.get(user, "/doc", `If-None-Match: "v1"`); g.body != "after" {
						t.Errorf("%s got %q, want what is current", user, g)
					}
				}
				s.want(s.get("alice", "/doc"), "200 hit after")
			})
		})
	}
}

func TestNobodyJoinsACallThatBeganBeforeEverythingExpired(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "before").in(rtt))
		older := s.soon(func() { s.want(s.get("alice", "/doc"), "200 fetched before") })
		s.wait(rtt / 2)
		s.c.Expire()
		s.wait(time.Millisecond)
		s.up.says(page(`"v2"`, "after").in(rtt))
		s.want(s.get("alice", "/doc"), "200 fetched after")
		older()
		s.want(s.get("alice", "/doc"), "200 hit after")
	})
}
