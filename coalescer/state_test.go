package coalescer_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

func TestStatesShowWhatIsHeldForAURLByIdentity(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(func(r *http.Request) reply { return page(`"v1"`, "for "+userOf(r)) })
		s.get("alice", "/doc")
		s.get("bob", "/doc")
		s.get("bob", "/doc?page=2")
		for _, tt := range []struct {
			host, target string
			limit, want  int
		}{
			{"app.test", "/doc", 10, 2},
			{"", "/doc", 10, 2},
			{"", "/doc", 1, 1},
			{"app.test", "/doc?page=2", 10, 1},
			{"app.test", "/do", 10, 0},
			{"", "oc", 10, 0},
			{"other.test", "/doc", 10, 0},
		} {
			if got := s.c.States(tt.host, tt.target, tt.limit); len(got) != tt.want {
				t.Errorf("States(%q, %q, %d): %d, want %d", tt.host, tt.target, tt.limit, len(got), tt.want)
			}
		}
	})
}

func TestAStateTellsWhenUpstreamIsAskedNextAndNothingOfTheBody(t *testing.T) {
	play(t, usual(), func(s *scene) {
		began := time.Now()
		s.up.says(page(`"v1"`, "secret"))
		s.get("alice", "/doc")
		state := s.c.States("app.test", "/doc", 1)[0]
		if state.Tag != `"v1"` || state.Bytes != 6 || !state.Asked.Equal(began) || !state.Proven.Equal(began) || !state.Due.Equal(began.Add(3*time.Second)) {
			t.Errorf("state %+v", state)
		}
		text, err := json.Marshal(state)
		if err != nil || strings.Contains(string(text), "secret") || strings.Contains(string(text), "alice") {
			t.Errorf("%s, %v, want nothing of the body or of who asked", text, err)
		}
	})
}

func TestAStateTellsOfWaitersAndOfPassing(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one", "Set-Cookie: a=b").in(rtt))
		waiting := s.soon(func() { crowd(3, func(int) told { return s.get("alice", "/doc") }) })
		if state := s.c.States("", "/doc", 1)[0]; !state.InFlight || state.Waiters != 3 || state.Tag != "" {
			t.Errorf("state %+v, want a call with three waiters", state)
		}
		waiting()
		if state := s.c.States("", "/doc", 1)[0]; state.InFlight || state.Passing != "set-cookie" || state.PassUntil.Before(time.Now()) {
			t.Errorf("state %+v, want polls to pass because of a cookie", state)
		}
	})
}

func TestAKeyShowsNothingOfItsRequest(t *testing.T) {
	k := coalescer.Key{Target: [16]byte{1, 2, 3, 4, 5, 6, 7}, Identity: [16]byte{0xa, 0xb, 0xc, 0xd, 0xe}}
	if got, want := k.String(), "010203040506-0a0b0c0d"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
