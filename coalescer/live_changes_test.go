package coalescer_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// revoking is GitLab with a session that was revoked.
func revoking(g *gitlab, user string) func(*http.Request) reply {
	return func(r *http.Request) reply {
		said := g.answer(r)
		if said.status == http.StatusOK && userOf(r) == user {
			return says(401, "ETag: "+said.header.Get("ETag")).in(said.latency)
		}
		return said
	}
}

func TestTicksAskTheProbeFirst(t *testing.T) {
	policy := sharing(coalescer.Changes)
	policy.Lease, policy.Audit = time.Hour, time.Hour
	play(t, policy, func(s *scene) {
		app := newGitLab()
		s.up.does(app.answer)
		var readers []*reader
		for i := range 200 {
			readers = append(readers, s.read(fmt.Sprint("user", i), "/doc", ""))
			s.wait(10 * time.Millisecond)
		}
		s.up.saw()
		s.wait(time.Minute)
		s.wantCalls("nothing changes", map[string]int{"probe": 18}, map[string]int{"probe": 20})
		app.touch()
		s.wait(2*lastTick + time.Second)
		s.wantCalls("a change", map[string]int{"watch": 200}, map[string]int{"watch": 200, "probe": 3})
		for i, r := range readers {
			r.wantRead(fmt.Sprintf("for user%d at 0", i), fmt.Sprintf("for user%d at 1", i))
			r.leave()
		}
		s.wait(time.Minute)
		s.up.wantSaw()
	})
}

// A probe proves nothing, so where a proof is due it is not asked.
func TestAProofIsNotPrecededByAProbe(t *testing.T) {
	play(t, sharing(coalescer.Changes), func(s *scene) {
		app := newGitLab()
		s.up.does(app.answer)
		s.get("alice", "/doc")
		s.wait(10 * time.Second)
		s.up.saw()
		r := s.read("alice", "/doc", "")
		s.wait(rtt)
		s.up.wantSaw("verify alice /doc")
		r.leave()
	})
}

func TestBehindAProbeTheLeaseIsProvenByEachIdentity(t *testing.T) {
	play(t, sharing(coalescer.Changes), func(s *scene) {
		app := newGitLab()
		s.up.does(app.answer)
		alice, bob := s.read("alice", "/doc", ""), s.read("bob", "/doc", "")
		s.wait(time.Second)
		s.up.does(revoking(app, "alice"))
		s.wait(time.Minute + lastTick)
		alice.wantEnded(ended(401))
		bob.wantEnded(nil)
		alice.leave()
		bob.leave()
	})
}

// Where probes say nothing each identity asks for itself, at its own ticks.
func TestWithoutNewsTicksRevalidate(t *testing.T) {
	policy := sharing(coalescer.Changes)
	policy.Lease = time.Hour
	play(t, policy, func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		app.tells("nobody", says(302, "Location: /sign_in"))
		r := s.read("alice", "/doc", "")
		s.up.saw()
		s.wait(time.Minute)
		s.wantCalls("a minute", map[string]int{"watch": 18, "probe": 1}, map[string]int{"watch": 20, "probe": 1})
		app.turns(`"v2"`, "two")
		s.wait(lastTick + time.Second)
		r.wantRead("one", "two")
		r.leave()
	})
}
