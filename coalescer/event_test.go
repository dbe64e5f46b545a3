package coalescer_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
)

// events are what happened to a document, each in one line.
func (s *scene) events(target string) (lines []string) {
	for _, state := range s.c.States("app.test", target, 1) {
		for _, e := range state.Events {
			line := fmt.Sprintf("%d× %s %s %d %s %s", e.Times, e.Cause, e.Result, e.Status, e.Tag, e.Detail)
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
	}
	return lines
}

func (s *scene) wantEvents(what string, want ...string) {
	s.t.Helper()
	if got := s.events("/doc"); !slices.Equal(got, want) {
		s.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestEventsSayWhatCameOfEachCall(t *testing.T) {
	const first = `1× poll first 200 "v1"`
	tests := map[string]struct {
		then reply
		want string
	}{
		"another state":               {page(`"v2"`, "two"), `1× poll changed 200 "v2"`},
		"the same":                    {unchanged(`ETag: "v1"`), `1× poll same 304 "v1"`},
		"the same once more, whole":   {page(`"v1"`, "one"), `1× poll same 200 "v1"`},
		"another body under its tag":  {page(`"v1"`, "two"), `1× poll same tag 200 "v1"`},
		"a 304 of another tag":        {unchanged(`ETag: "v2"`), `1× poll mismatch 304; 1× poll failed 0 304 unasked`},
		"another tag, the same body":  {page(`"v2"`, "one"), `1× poll same body 200 "v2"`},
		"refused":                     {says(403), `1× poll refused 403`},
		"not to be stored":            {page(`"v2"`, "two", "Set-Cookie: a=b"), `1× poll unshared 200 set-cookie`},
		"upstream says that it fails": {says(503), `1× poll failed 503`},
		"upstream cannot be reached":  {reply{err: errors.New("dial tcp 10.0.0.1:80: refused")}, `1× poll failed 0 no answer`},
		"upstream takes too long":     {reply{status: 200, latency: time.Minute}, `1× poll failed 0 timeout`},
	}
	for name, test := range tests {
		play(t, usual(), func(s *scene) {
			s.up.says(page(`"v1"`, "one"))
			s.get("alice", "/doc")
			s.wait(3 * time.Second)
			s.up.says(test.then)
			s.get("alice", "/doc")
			s.wantEvents(name, append([]string{first}, strings.Split(test.want, "; ")...)...)
		})
	}
}

func TestWhatHappensAgainIsOneEventWithItsFirstAndLastTime(t *testing.T) {
	play(t, usual(), func(s *scene) {
		began := time.Now()
		s.up.says(page(`"v1"`, "one"))
		for range 20 {
			s.get("alice", "/doc")
			s.get("alice", "/doc")
			s.wait(3 * time.Second)
		}
		s.wantEvents("polled for a minute", `1× poll first 200 "v1"`, `19× poll same 200 "v1"`)
		e := s.c.States("app.test", "/doc", 1)[0].Events[1]
		if !e.First.Equal(began.Add(3*time.Second)) || !e.Last.Equal(began.Add(57*time.Second)) {
			t.Errorf("from %v to %v, want from 3s to 57s", e.First.Sub(began), e.Last.Sub(began))
		}
	})
}

func TestADocumentRemembersItsLastEventsAndAccountsForThem(t *testing.T) {
	play(t, usual(), func(s *scene) {
		const rounds, most = 40, 16
		tag := func(i int) string { return fmt.Sprintf(`"%d %s"`, i, strings.Repeat("x", 100)) }
		var before int64
		for i := range rounds {
			s.up.says(page(tag(i), fmt.Sprint("state ", i)))
			s.get("alice", "/doc")
			s.wait(3 * time.Second)
			if i == most {
				before = s.usage().StoredBytes
			}
		}
		got := s.events("/doc")
		if len(got) != most || !strings.HasSuffix(got[most-1], tag(rounds - 1)[:64]) {
			t.Errorf("got %d events %q, want the last %d with at most 64 bytes of a tag", len(got), got, most)
		}
		if after := s.usage().StoredBytes; after > before+200 || after < most*(100+64) {
			t.Errorf("stored bytes went from %d to %d, want what %d events take and no more", before, after, most)
		}
	})
}

func TestNewsAndWritesAreEvents(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		s.get("alice", "/doc")
		s.wait(time.Second)
		s.c.Touch(ledger.Webhook, "/doc", "")
		s.up.says(page(`"v2"`, "two"))
		s.get("alice", "/doc")
		s.wait(time.Second)
		s.wrote("alice")
		s.get("alice", "/doc")
		s.wantEvents("touched and written", `1× poll first 200 "v1"`, `1× touch 0 webhook`, `1× poll changed 200 "v2"`, `1× write 0`, `1× poll same 200 "v2"`)
	})
}

func TestPollsThatPassAreEvents(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page("", "untagged"))
		for range 3 {
			s.get("alice", "/doc")
		}
		s.wantEvents("untagged", `1× poll unshared 200 no-validator`, `2× pass 200 no-validator`)
	})
}

func TestAProbeThatSaysThatNothingChangedIsAnEvent(t *testing.T) {
	policy := usual()
	policy.Share = coalescer.Changes
	play(t, policy, func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		s.get("alice", "/doc")
		s.wait(3 * time.Second)
		s.get("alice", "/doc")
		s.wait(3 * time.Second)
		s.up.says(page(`"v2"`, "two"))
		s.get("alice", "/doc")
		s.wantEvents("probed", `1× poll first 200 "v1"`, `1× probe same 0 "v1"`, `1× probe outdated 0 "v2"`, `1× poll changed 200 "v2"`)
	})
}

func TestWhatOthersWereToldIsAnEvent(t *testing.T) {
	play(t, verified(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		s.everyone(users(2), "/doc")
		s.wait(3 * time.Second)
		s.everyone(users(2), "/doc")
		var all []string
		for _, state := range s.c.States("app.test", "/doc", 2) {
			e := state.Events[len(state.Events)-1]
			all = append(all, e.Cause+" "+e.Result)
		}
		slices.Sort(all)
		if want := []string{"circle same", "poll same"}; !slices.Equal(all, want) {
			t.Errorf("two who were given the same: got %q, want %q", all, want)
		}
	})
	playFleet(t, 2, sharing(coalescer.Everything), func(f *fleet) {
		f.up.says(page(`"v1"`, "one"))
		f.instances[0].get("", "/doc")
		f.instances[1].get("", "/doc")
		f.instances[1].wantEvents("the second instance", `1× told first 0 "v1"`)
	})
}

func TestWhatTheApplicationSaysItselfIsAnEvent(t *testing.T) {
	play(t, sharing(coalescer.Everything), func(s *scene) {
		s.up.says(page(`"v1"`, "1", isJSON))
		s.get("alice", "/doc")
		s.wait(time.Second)
		s.supply("/doc", "2", `"v2"`)
		s.wantEvents("supplied", `1× poll first 200 "v1"`, `1× supply changed 0 "v2"`)
	})
}
