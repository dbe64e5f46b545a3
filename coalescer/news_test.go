package coalescer_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
)

func sharingChanges() coalescer.Policy {
	policy := usual()
	policy.Share = coalescer.Changes
	return policy
}

// gitlab plays a path with GitLab's semantics: one stamp for all users, 304
// before authentication, the stamp on errors too, no Poll-Interval on a 304.
type gitlab struct {
	mu      sync.Mutex
	stamp   int
	content func(user string) string
	latency time.Duration
}

func newGitLab() *gitlab {
	return &gitlab{content: func(user string) string { return "for " + user }, latency: rtt}
}

func (g *gitlab) touch() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stamp++
}

func (g *gitlab) answer(r *http.Request) reply {
	g.mu.Lock()
	defer g.mu.Unlock()
	tag := fmt.Sprintf(`W/"%032x"`, 0xfeed0000+g.stamp)
	switch {
	case r.Header.Get("If-None-Match") == tag:
		return unchanged("ETag: "+tag, "X-Gitlab-From-Cache: true").in(g.latency)
	case userOf(r) == "nobody":
		return says(401, "ETag: "+tag).in(g.latency)
	}
	return page(tag, fmt.Sprintf("%s at %d", g.content(userOf(r)), g.stamp), "Poll-Interval: 3000").in(g.latency)
}

// byReason counts what upstream saw.
func byReason(requests []string) map[string]int {
	n := map[string]int{}
	for _, line := range requests {
		reason, _, _ := strings.Cut(line, " ")
		n[reason]++
	}
	return n
}

// tabs has n users poll a target every three seconds for a minute, each
// beginning at a time of its own and bringing the tag that it got.
func (s *scene) tabs(n int, target string) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			user := fmt.Sprint("user", i)
			s.wait(time.Duration(i) * 13 * time.Millisecond)
			var lines []string
			for range 20 {
				g := s.get(user, target, lines...)
				if g.status == 200 && !strings.Contains(g.body, "for "+user+" ") {
					s.t.Errorf("%s got %q", user, g)
				}
				if g.status == 200 {
					lines = []string{"If-None-Match: " + g.header.Get("ETag")}
				}
				s.wait(3 * time.Second)
			}
		})
	}
	wg.Wait()
}

func TestOneProbePerIntervalSparesTheRevalidationsOfAllIdentities(t *testing.T) {
	play(t, sharingChanges(), func(s *scene) {
		s.up.does(newGitLab().answer)
		s.tabs(200, "/doc")
		seen := byReason(s.up.saw())
		if seen["poll"] > 200 || seen["probe"] > 22 || seen["audit"] != 0 {
			t.Errorf("%v calls in a minute without a change, want at most 200 polls and 22 probes", seen)
		}
	})
}

func TestNewsMakeEachIdentityAskOnceForItself(t *testing.T) {
	play(t, sharingChanges(), func(s *scene) {
		app := newGitLab()
		s.up.does(app.answer)
		for _, user := range []string{"alice", "bob"} {
			s.want(s.get(user, "/doc"), "200 fetched for "+user+" at 0")
		}
		s.up.saw()
		app.touch()
		s.wait(3 * time.Second)
		s.want(s.get("alice", "/doc"), "200 fetched for alice at 1")
		s.want(s.get("bob", "/doc"), "200 fetched for bob at 1")
		old, current := `W/"000000000000000000000000feed0000"`, `W/"000000000000000000000000feed0001"`
		s.up.wantSaw(
			"probe nobody /doc If-None-Match: "+old,
			"poll alice /doc If-None-Match: "+old,
			"poll bob /doc If-None-Match: "+old)

		s.wait(3 * time.Second)
		s.want(s.get("bob", "/doc"), "200 hit for bob at 1")
		s.up.wantSaw("probe nobody /doc If-None-Match: " + current)
	})
}

func TestAProbeSparesTheFirstCallOfNobody(t *testing.T) {
	play(t, sharingChanges(), func(s *scene) {
		s.up.does(newGitLab().answer)
		s.get("alice", "/doc")
		s.want(s.get("bob", "/doc", `If-None-Match: W/"000000000000000000000000feed0000"`), "304 revalidated")
		if seen := byReason(s.up.saw()); seen["probe"] != 0 || seen["poll"] != 2 {
			t.Errorf("%v calls, want each identity's own", seen)
		}
	})
}

func TestAProbeIsNoProofOfPermission(t *testing.T) {
	play(t, sharingChanges(), func(s *scene) {
		app := newGitLab()
		app.latency = 0
		s.up.does(app.answer)
		s.get("alice", "/doc")
		for range 20 {
			s.wait(3 * time.Second)
			s.get("alice", "/doc")
		}
		s.wait(3 * time.Second)
		s.up.saw()
		s.get("alice", "/doc")
		if seen := byReason(s.up.saw()); seen["poll"] != 1 {
			t.Errorf("%v calls after an audit interval of probes, want a full one of the identity's own", seen)
		}
	})
}

func TestASilentProbeLeavesDocumentsToRevalidateThemselves(t *testing.T) {
	play(t, sharingChanges(), func(s *scene) {
		s.up.does(func(r *http.Request) reply {
			switch {
			case userOf(r) == "nobody":
				return says(302, "Location: /sign_in").in(rtt)
			case r.Header.Get("If-None-Match") != "":
				return unchanged().in(rtt)
			}
			return page(`"v1"`, "for "+userOf(r)+" .").in(rtt)
		})
		s.tabs(10, "/doc")
		seen := byReason(s.up.saw())
		if seen["probe"] > 2 || seen["poll"] < 10*18 || seen["poll"] > 10*21 {
			t.Errorf("%v calls, want a probe a minute, and one call per identity and interval", seen)
		}
	})
}

// Plain digests: the page that nobody gets has a tag of its own.
func TestAProbeThatContradictsTheIdentitiesIsNotHeeded(t *testing.T) {
	play(t, sharingChanges(), func(s *scene) {
		s.up.does(func(r *http.Request) reply {
			tag := fmt.Sprintf(`"digest for %s"`, userOf(r))
			if r.Header.Get("If-None-Match") == tag {
				return unchanged("ETag: " + tag).in(rtt)
			}
			return page(tag, "for "+userOf(r)+" .").in(rtt)
		})
		s.tabs(10, "/doc")
		seen := byReason(s.up.saw())
		if seen["probe"] > 2 || seen["poll"] < 10*18 || seen["poll"] > 10*21 {
			t.Errorf("%v calls, want a probe a minute, and one call per identity and interval", seen)
		}
	})
}

func TestAFailedProbeIsTriedAgainAfterAnInterval(t *testing.T) {
	for _, failure := range []reply{says(503, `ETag: W/"stamp"`), broken(errRefused), page("", "").in(time.Hour)} {
		t.Run(fmt.Sprint(failure.status), func(t *testing.T) {
			play(t, sharingChanges(), func(s *scene) {
				app := newGitLab()
				app.latency = 0
				s.up.does(app.answer)
				s.get("alice", "/doc")
				s.wait(3 * time.Second)
				s.up.saw()
				s.up.does(func(r *http.Request) reply {
					if userOf(r) == "nobody" {
						return failure
					}
					return app.answer(r)
				})
				s.want(s.get("alice", "/doc"), "200 revalidated for alice at 0")
				if seen := byReason(s.up.saw()); seen["probe"] != 1 || seen["poll"] != 1 {
					t.Errorf("%v calls, want the probe and then the identity's own", seen)
				}
				s.up.does(app.answer)
				s.wait(3 * time.Second)
				s.want(s.get("alice", "/doc"), "200 hit for alice at 0")
				if seen := byReason(s.up.saw()); seen["probe"] != 1 || seen["poll"] != 0 {
					t.Errorf("%v calls, want a probe alone", seen)
				}
			})
		})
	}
}

func TestWhereNoAnonymousRequestCanBeHadThereIsNoProbe(t *testing.T) {
	play(t, sharingChanges(), func(s *scene) {
		s.up.does(newGitLab().answer)
		p := s.poll("alice", "/doc?private_token=x")
		call := p.Call
		for range 3 {
			p = s.poll("alice", "/doc?private_token=x")
			p.Call = func(ctx context.Context, reason ledger.Reason) *http.Request {
				if reason == ledger.Probe {
					return nil
				}
				return call(ctx, reason)
			}
			s.ask(s.until(time.Hour), p)
			s.wait(3 * time.Second)
		}
		if seen := byReason(s.up.saw()); seen["probe"] != 0 || seen["poll"] != 3 {
			t.Errorf("%v calls, want the identity's own alone", seen)
		}
	})
}

func TestAWriterIsNotContentWithAProbe(t *testing.T) {
	play(t, sharingChanges(), func(s *scene) {
		s.up.does(newGitLab().answer)
		s.get("alice", "/doc")
		s.wait(3 * time.Second)
		s.wrote("alice")
		s.up.saw()
		s.get("alice", "/doc")
		if seen := byReason(s.up.saw()); seen["probe"] != 0 || seen["poll"] != 1 {
			t.Errorf("%v calls after a write, want the identity's own", seen)
		}
	})
}

func TestLeavingAProbeDoesNotEndItForOthers(t *testing.T) {
	play(t, sharingChanges(), func(s *scene) {
		app := newGitLab()
		s.up.does(app.answer)
		s.get("alice", "/doc")
		s.get("bob", "/doc")
		s.wait(3 * time.Second)
		s.up.saw()
		first := s.soon(func() { s.hangsUp(rtt/2, "alice", "/doc") })
		s.want(s.get("bob", "/doc"), "200 hit for bob at 0")
		first()
		s.wait(time.Second)
		if seen := byReason(s.up.saw()); seen["probe"] != 1 {
			t.Errorf("%v calls, want one probe", seen)
		}
	})
}

// News that are older than what an identity fetched itself say nothing of it.
// They can still be fresh where its interval is the shorter one.
func TestOldNewsDoNotContradict(t *testing.T) {
	play(t, sharingChanges(), func(s *scene) {
		app := newGitLab()
		app.latency = 0
		s.up.does(func(r *http.Request) reply {
			said := app.answer(r)
			if said.status == 200 && userOf(r) == "bob" {
				said.header.Set("Poll-Interval", "1000")
			}
			return said
		})
		s.get("alice", "/doc")
		s.wait(3 * time.Second)
		s.want(s.get("alice", "/doc"), "200 hit for alice at 0") // by a probe, which holds for three seconds
		app.touch()
		s.wait(time.Second)
		s.want(s.get("bob", "/doc"), "200 fetched for bob at 1")
		s.wait(time.Second)
		s.up.saw()
		s.want(s.get("bob", "/doc"), "200 revalidated for bob at 1")
		s.wait(time.Second)
		s.want(s.get("alice", "/doc"), "200 fetched for alice at 1")
		if seen := byReason(s.up.saw()); seen["probe"] != 1 {
			t.Errorf("%v calls, want the probe to be heeded still", seen)
		}
	})
}

func TestA304OfAProbeNeedsNoTag(t *testing.T) {
	play(t, sharingChanges(), func(s *scene) {
		s.up.does(func(r *http.Request) reply {
			if r.Header.Get("If-None-Match") != "" {
				return unchanged()
			}
			return page(`"v1"`, "one")
		})
		s.get("alice", "/doc")
		s.wait(3 * time.Second)
		s.want(s.get("alice", "/doc"), "200 hit one")
		s.up.wantSaw("poll alice /doc", `probe nobody /doc If-None-Match: "v1"`)
	})
}

func TestARunOfProbesIsAuditedToo(t *testing.T) {
	play(t, sharingChanges(), func(s *scene) {
		app := newGitLab()
		app.latency = 0
		s.up.does(app.answer)
		s.get("alice", "/doc")
		for range 201 {
			s.wait(3 * time.Second)
			s.get("alice", "/doc", `If-None-Match: W/"000000000000000000000000feed0000"`)
		}
		if seen := byReason(s.up.saw()); seen["audit"] != 1 || seen["poll"] != 1 || seen["probe"] != 200 {
			t.Errorf("%v calls, want the first, the probes, and an audit at the end", seen)
		}
	})
}
