package coalescer_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// A poll that is held back for long has its key from before; in the meantime it is
// learnt elsewhere what such keys lack, and those without the field have the same.
func TestAKeyMadeBeforeVaryWasLearntIsGivenNothingOfThoseWithoutTheField(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(speaks("X-Tongue"))
		german := s.poll("alice", "/doc", "X-Tongue: de")
		s.want(s.get("alice", "/other", "X-Tongue: fr"), "200 fetched in fr")
		s.want(s.get("alice", "/doc"), "200 fetched in")
		s.want(s.ask(s.until(time.Hour), german), "200 fetched in de")
		s.want(s.get("alice", "/doc"), "200 hit in")
	})
}

func TestAKeyMadeBeforeVaryWasLearntDoesNotJoinThoseWithoutTheField(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(speaks("X-Tongue"))
		german := s.poll("alice", "/doc", "X-Tongue: de")
		s.want(s.get("alice", "/other", "X-Tongue: fr"), "200 fetched in fr")
		leader := s.soon(func() { s.want(s.get("alice", "/doc"), "200 fetched in") })
		s.want(s.ask(s.until(time.Hour), german), "200 bypassed (vary) in de")
		leader()
	})
}

func TestAWatchFromBeforeVaryWasLearntIsToldNothingOfThoseWithoutTheField(t *testing.T) {
	play(t, watching(), func(s *scene) {
		s.up.does(newSheet(`"v0"`, "in German").answer)
		german := s.mustWatch("alice", "/doc", "X-Tongue: de")
		defer german.Close()
		if m, ok, err := german.Now("", func() {}); !ok || err != nil || string(m.Body) != "in German" {
			t.Fatalf("got %v, %v, %v; want the current state", m, ok, err)
		}
		s.up.does(speaks("X-Tongue"))
		s.want(s.get("alice", "/other", "X-Tongue: fr"), "200 fetched in fr")
		s.want(s.get("alice", "/doc", `If-None-Match: "v9"`), "200 fetched in")
		m, ok, err := german.Now(`"v0"`, func() {})
		if ended := new(coalescer.Ended); ok || !errors.As(err, &ended) || !ended.Reconnect {
			t.Errorf("got %v, %v, %v; want that it is to ask again", m, ok, err)
		}
	})
}

// A failing upstream is covered for by what is of the client's own variant.
func TestAKeyMadeBeforeVaryWasLearntIsNotCoveredForByThoseWithoutTheField(t *testing.T) {
	policy := usual()
	policy.StaleIfError = time.Hour
	play(t, policy, func(s *scene) {
		s.up.does(speaks("X-Tongue"))
		german := s.poll("alice", "/doc", "X-Tongue: de")
		s.want(s.get("alice", "/other", "X-Tongue: fr"), "200 fetched in fr")
		s.want(s.get("alice", "/doc"), "200 fetched in")
		s.wait(4 * time.Second)
		s.up.does(func(*http.Request) reply { return says(503) })
		s.want(s.ask(s.until(time.Hour), german), "503 fetched Service Unavailable")
		s.want(s.get("alice", "/doc"), "200 hit in")
	})
}
