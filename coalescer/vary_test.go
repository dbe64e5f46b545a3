package coalescer_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// speaks is an upstream whose answers vary on a field.
func speaks(field string) func(*http.Request) reply {
	return func(r *http.Request) reply {
		return page(`"v1"`, "in "+r.Header.Get(field), "Vary: "+strings.ToLower(field)+", Accept").in(rtt)
	}
}

func TestThoseWithTheSameFieldsShareTheAnswerThatTaughtVary(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(speaks("X-Tongue"))
		leader := s.soon(func() { s.want(s.get("alice", "/doc", "X-Tongue: de"), "200 fetched in de") })
		got := crowd(4, func(i int) told {
			return s.get("alice", "/doc", [][]string{{"X-Tongue: de"}, {"X-Tongue: fr"}, {"X-Tongue: de"}, nil}[i]...)
		})
		leader()
		s.want(got[0], "200 collapsed in de")
		s.want(got[1], "200 bypassed (vary) in fr")
		s.want(got[2], "200 collapsed in de")
		s.want(got[3], "200 bypassed (vary) in")
		if names := s.route.Vary(); len(names) != 1 || names[0] != "X-Tongue" {
			t.Errorf("learnt %v, want X-Tongue alone: Accept is in the key anyway", names)
		}
	})
}

func TestAfterVaryIsLearntEachVariantIsADocument(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(speaks("X-Tongue"))
		first := s.get("alice", "/doc", "X-Tongue: de")
		s.want(first, "200 fetched in de")
		if first.answer.TTL != 0 {
			t.Errorf("TTL %v of an answer that is not stored, want 0", first.answer.TTL)
		}
		// What taught it is not stored: its key did not say for whom it was.
		s.want(s.get("alice", "/doc", "X-Tongue: de"), "200 fetched in de")
		s.want(s.get("alice", "/doc", "X-Tongue: fr"), "200 fetched in fr")
		s.want(s.get("alice", "/doc", "X-Tongue: de"), "200 hit in de")
		s.want(s.get("alice", "/doc", "X-Tongue: fr"), "200 hit in fr")
		s.want(s.get("alice", "/doc"), "200 fetched in")
	})
}

// Two polls can have made their keys before the first answer taught the route
// what to make them of.
func TestAKeyMadeBeforeVaryWasLearntHoldsNothing(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(speaks("X-Tongue"))
		german := s.poll("alice", "/doc", "X-Tongue: de")
		french := s.poll("alice", "/doc", "X-Tongue: fr")
		if german.Key != french.Key {
			t.Fatal("the keys differ before anything is learnt")
		}
		s.want(s.ask(s.until(time.Hour), german), "200 fetched in de")
		s.want(s.ask(s.until(time.Hour), french), "200 fetched in fr")
	})
}

func TestAReloadInheritsWhatARouteLearnt(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(speaks("X-Tongue"))
		s.get("alice", "/doc", "X-Tongue: de")
		s.get("alice", "/doc", "X-Tongue: de")
		reloaded := newRoute(usual())
		reloaded.Inherit(s.route)
		reloaded.Inherit(nil)
		s.route = reloaded
		s.want(s.get("alice", "/doc", "X-Tongue: de"), "200 hit in de")
		s.want(s.get("alice", "/doc", "X-Tongue: fr"), "200 fetched in fr")
	})
}

func TestAnUpstreamThatVariesOnTooMuchVariesOnEverything(t *testing.T) {
	play(t, usual(), func(s *scene) {
		var many []string
		for i := range 17 {
			many = append(many, fmt.Sprintf("X-Field-%d", i))
		}
		s.up.says(page(`"v1"`, "body", "Vary: "+strings.Join(many, ", ")))
		s.want(s.get("alice", "/doc"), "200 fetched body")
		s.want(s.get("alice", "/doc"), "200 bypassed (vary) body")
		if names := s.route.Vary(); len(names) != 0 {
			t.Errorf("learnt %v, want nothing", names)
		}
	})
}

func TestVaryOnWhatTheKeyHoldsAnywayTeachesNothing(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "body", "Vary: accept", "Vary: , Cookie ,"))
		s.get("alice", "/doc")
		s.want(s.get("alice", "/doc"), "200 hit body")
		if names := s.route.Vary(); len(names) != 0 {
			t.Errorf("learnt %v, want nothing", names)
		}
	})
}

func TestEveryonesDocumentsStillVary(t *testing.T) {
	policy := usual()
	policy.Share = coalescer.Everything
	play(t, policy, func(s *scene) {
		s.up.does(speaks("X-Tongue"))
		got := crowd(10, func(i int) told {
			return s.get(fmt.Sprint("user", i), "/doc", "X-Tongue: "+[]string{"de", "fr"}[i%2])
		})
		for i, g := range got {
			if want := "in " + []string{"de", "fr"}[i%2]; g.body != want {
				t.Errorf("client %d got %q, want %q", i, g, want)
			}
		}
	})
}

// Upstream sees each client's address in a field that we append to on the way
// out: here two clients look alike.
func TestWhatVariesOnTheClientsAddressIsForNobodyElse(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(speaks("X-Forwarded-For"))
		leader := s.soon(func() { s.want(s.get("alice", "/doc"), "200 fetched in") })
		s.want(s.get("alice", "/doc"), "200 bypassed (vary) in")
		leader()
		s.want(s.get("alice", "/doc"), "200 bypassed (vary) in")
	})
}
