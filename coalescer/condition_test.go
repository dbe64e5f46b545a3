package coalescer_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// conditions are what clients may bring while `W/"v1"` is current.
var conditions = []struct {
	lines []string
	want  int
}{
	{nil, 200},
	{[]string{`If-None-Match: W/"v1"`}, 304},
	{[]string{`If-None-Match: "v1"`}, 304}, // weak comparison
	{[]string{`If-None-Match: "x", W/"v1"`}, 304},
	{[]string{`If-None-Match: "x"`, `If-None-Match: "v1"`}, 304},
	{[]string{`If-None-Match: *`}, 304},
	{[]string{`If-None-Match: "x"`}, 200},
	{[]string{`If-None-Match: W/"v1-gzip"`}, 200},
	{[]string{`If-None-Match: "x" "v1"`}, 200}, // no list
	{[]string{`If-None-Match:`}, 200},
	{[]string{`If-Modified-Since: Wed, 01 Jul 2026 10:00:00 GMT`}, 304},
	{[]string{`If-Modified-Since: Wed, 01 Jul 2026 09:59:59 GMT`}, 200},
	{[]string{`If-Modified-Since: Wed, 01 Jul 2026 10:00:00 GMT`, `If-None-Match: "x"`}, 200},
}

func TestFollowersGetWhatTheyAskedForFromTheOneAnswer(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`W/"v1"`, "one", "Last-Modified: Wed, 01 Jul 2026 10:00:00 GMT").in(rtt))
		leader := s.soon(func() { s.want(s.get("alice", "/doc"), "200 fetched one") })
		got := crowd(len(conditions), func(i int) told { return s.get("alice", "/doc", conditions[i].lines...) })
		leader()
		for i, tt := range conditions {
			want := "200 collapsed one"
			if tt.want == 304 {
				want = "304 collapsed"
			}
			if got[i].String() != want {
				t.Errorf("%q: got %q, want %q", tt.lines, got[i], want)
			}
		}
	})
}

func TestWhoeverAsksTheFreshDocumentGetsWhatTheyAskedFor(t *testing.T) {
	for _, tt := range conditions {
		t.Run(strings.Join(tt.lines, " "), func(t *testing.T) {
			play(t, usual(), func(s *scene) {
				s.up.says(page(`W/"v1"`, "one", "Last-Modified: Wed, 01 Jul 2026 10:00:00 GMT"))
				s.get("alice", "/doc")
				got := s.get("alice", "/doc", tt.lines...)
				if got.status != tt.want {
					t.Errorf("got %q, want status %d", got, tt.want)
				}
				if tag := got.header.Get("ETag"); tag != `W/"v1"` {
					t.Errorf("ETag %q, want it byte for byte", tag)
				}
			})
		})
	}
}

func TestAnUnknownTagGoesUpstreamByteForByteInOneTag(t *testing.T) {
	for _, tt := range []struct{ name, condition, want string }{
		{"weak", `W/"0123456789abcdef0123456789abcdef"`, `W/"0123456789abcdef0123456789abcdef"`},
		{"strong", `"a-gzip"`, `"a-gzip"`},
		{"with a space", `"a b"`, `"a b"`},
		{"without quotes", `abc`, `abc`},
		{"the first of a list", `W/"a,b", "c"`, `W/"a,b"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, usual(), func(s *scene) {
				s.up.says(page(`"v1"`, "one"))
				s.want(s.get("alice", "/cold", "If-None-Match: "+tt.condition), "200 fetched one")
				s.up.wantSaw("poll alice /cold If-None-Match: " + tt.want)

				s.get("alice", "/warm")
				s.up.saw()
				s.want(s.get("alice", "/warm", "If-None-Match: "+tt.condition), "200 fetched one")
				s.up.wantSaw("poll alice /warm If-None-Match: " + tt.want)
			})
		})
	}
}

func TestAKnownOldTagIsAnsweredFromMemory(t *testing.T) {
	play(t, usual(), func(s *scene) {
		for v := range 3 {
			s.up.says(page(fmt.Sprintf(`"v%d"`, v), "body"))
			s.get("alice", "/doc")
			s.wait(3 * time.Second)
		}
		s.up.says(unchanged())
		s.get("alice", "/doc")
		s.up.saw()
		s.want(s.get("alice", "/doc", `If-None-Match: "v0"`), "200 hit body")
		s.want(s.get("alice", "/doc", `If-None-Match: W/"v1"`), "200 hit body")
		s.want(s.get("alice", "/doc", `If-None-Match: "v0", "v1"`), "200 hit body")
		s.up.wantSaw()
	})
}

func TestATagThatUpstreamSaidIsOldIsNotAskedForAgain(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v2"`, "two"))
		s.want(s.get("alice", "/doc", `If-None-Match: "v1"`), "200 fetched two")
		s.want(s.get("alice", "/doc", `If-None-Match: "v1"`), "200 hit two")
		s.up.wantSaw(`poll alice /doc If-None-Match: "v1"`)
	})
}

// A client that has several states may have a newer one than we: that it also
// has an old one says nothing.
func TestAnUnknownTagBesideAKnownOldOneGoesUpstream(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		s.get("alice", "/doc")
		s.wait(3 * time.Second)
		s.up.says(page(`"v2"`, "two"))
		s.get("alice", "/doc")
		s.up.saw()
		s.up.says(page(`"v3"`, "three"))
		s.want(s.get("alice", "/doc", `If-None-Match: "v1", "v3"`), "304 fetched")
		s.up.wantSaw(`poll alice /doc If-None-Match: "v3"`)
	})
}

func TestAClientThatIsAheadIsNotAnsweredWithWhatIsHeld(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		s.get("alice", "/doc")
		s.up.saw()
		s.up.says(unchanged(`ETag: "v2"`)) // the client had it from another instance
		s.want(s.get("alice", "/doc", `If-None-Match: "v2"`), "304 revalidated")
		s.up.wantSaw(`poll alice /doc If-None-Match: "v2"`)

		s.up.says(page(`"v2"`, "two"))
		s.want(s.get("alice", "/doc"), "200 fetched two") // and never one
		s.up.wantSaw("poll alice /doc")
	})
}

func TestOfA304ToAnUnknownTagOnlyTheTagIsKnown(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(func(r *http.Request) reply {
			if r.Header.Get("If-None-Match") == `"v1"` {
				return unchanged(`ETag: "v1"`).in(rtt)
			}
			return page(`"v1"`, "one").in(rtt)
		})
		leader := s.soon(func() { s.want(s.get("alice", "/doc", `If-None-Match: "v1"`), "304 revalidated") })
		got := crowd(10, func(int) told { return s.get("alice", "/doc") })
		leader()
		s.wantTally(got, map[string]int{"200 fetched one": 1, "200 collapsed one": 9})
		s.up.wantSaw(`poll alice /doc If-None-Match: "v1"`, "poll alice /doc")
		if d := slowest(got); d != 2*rtt {
			t.Errorf("those without a tag waited %v, want %v", d, 2*rtt)
		}
		s.want(s.get("alice", "/doc", `If-None-Match: "v1"`), "304 hit")
		s.want(s.get("alice", "/doc"), "200 hit one")
	})
}

func TestA304OfAnotherTagConfirmsNothing(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(func(r *http.Request) reply {
			if r.Header.Get("If-None-Match") != "" {
				return unchanged(`ETag: "other"`)
			}
			return page(`"v2"`, "two")
		})
		s.want(s.get("alice", "/doc", `If-None-Match: "v1"`), "200 fetched two")
		s.up.wantSaw(`poll alice /doc If-None-Match: "v1"`, "poll alice /doc")
	})
}

// Some servers answer 304 to `"v1-gzip"` with the tag `"v1"`. What is held
// cannot be revalidated there, but the polls must not multiply.
func TestAfterA304OfAnotherTagWhatIsHeldIsFetchedAnew(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(func(r *http.Request) reply {
			if r.Header.Get("If-None-Match") == `"v1-gzip"` {
				return unchanged(`ETag: "v1"`)
			}
			return page(`"v1-gzip"`, "one")
		})
		s.get("alice", "/doc")
		s.up.saw()
		for range 3 {
			s.wait(3 * time.Second)
			s.want(s.get("alice", "/doc", `If-None-Match: "v1-gzip"`), "304 fetched")
			s.want(s.get("alice", "/doc"), "200 hit one")
			s.up.wantSaw(`poll alice /doc If-None-Match: "v1-gzip"`, "poll alice /doc")
		}
	})
}

func TestA304FreshensTheStoredFields(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one", "Cache-Control: max-age=0", "X-Request-Id: 1", "Pragma: no-cache"))
		s.get("alice", "/doc")
		s.wait(3 * time.Second)
		s.up.says(unchanged(`ETag: "v1"`, "Content-Length: 0", "Cache-Control: private, max-age=0", "X-Request-Id: 2",
			"Connection: X-Hop", "X-Hop: 1"))
		s.get("alice", "/doc")
		got := s.get("alice", "/doc")
		s.want(got, "200 hit one")
		for name, want := range map[string]string{
			"Cache-Control": "private, max-age=0", "X-Request-Id": "2",
			"Pragma": "no-cache", "Content-Length": "", "Connection": "", "X-Hop": "", "Etag": `"v1"`,
		} {
			if v := got.header.Get(name); v != want {
				t.Errorf("%s: %q, want %q", name, v, want)
			}
		}
	})
}

func TestFieldsOfTheConnectionAreNotStored(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one", "Connection: X-Hop, close", "X-Hop: 1", "Keep-Alive: timeout=5", "X-End: 2"))
		s.get("alice", "/doc")
		got := s.get("alice", "/doc")
		s.want(got, "200 hit one")
		for name, want := range map[string]string{"Connection": "", "X-Hop": "", "Keep-Alive": "", "X-End": "2"} {
			if v := got.header.Get(name); v != want {
				t.Errorf("%s: %q, want %q", name, v, want)
			}
		}
	})
}

func TestA304ToARequestWithoutConditionsIsAFailure(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(unchanged(`ETag: "v1"`))
		got := s.get("alice", "/doc")
		if got.err == nil || got.status != 0 {
			t.Errorf("client got %q, want an error and never a 304", got)
		}
	})
}

func TestAMalformedConditionIsNotSentUpstreamForOthers(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		s.want(s.get("alice", "/doc", `If-None-Match: "a" "b`), "200 fetched one")
		s.up.wantSaw("poll alice /doc")
	})
}

func TestATagThatPollardMadeIsNeverSentUpstream(t *testing.T) {
	policy := usual()
	policy.TagFromBody = true
	play(t, policy, func(s *scene) {
		s.up.says(page("", "one"))
		got := s.get("alice", "/doc")
		tag := got.header.Get("ETag")
		if len(tag) < 10 || !strings.HasPrefix(tag, `"`) {
			t.Fatalf("ETag %q, want a strong one", tag)
		}
		s.want(s.get("alice", "/doc", "If-None-Match: "+tag), "304 hit")
		s.wait(3 * time.Second)
		s.want(s.get("alice", "/doc", "If-None-Match: "+tag), "304 fetched")
		s.up.wantSaw("poll alice /doc", "poll alice /doc")

		s.up.says(page("", "two"))
		s.wait(3 * time.Second)
		s.want(s.get("alice", "/doc", "If-None-Match: "+tag), "200 fetched two")
	})
}

func TestTheTagOfUpstreamIsKeptWhereItSendsOne(t *testing.T) {
	policy := usual()
	policy.TagFromBody = true
	play(t, policy, func(s *scene) {
		s.up.says(page(`W/"v1"`, "one"))
		if tag := s.get("alice", "/doc").header.Get("ETag"); tag != `W/"v1"` {
			t.Errorf("ETag %q, want upstream's", tag)
		}
	})
}

// The tag of an answer without a body would be that of nothing, and the same
// for ever.
func TestNoTagIsMadeForAHead(t *testing.T) {
	policy := usual()
	policy.TagFromBody = true
	play(t, policy, func(s *scene) {
		s.up.says(page("", "one"))
		got := s.get("alice", "HEAD /doc")
		if tag := got.header.Get("ETag"); tag != "" {
			t.Errorf("ETag %q on a HEAD, want none", tag)
		}
		s.want(s.get("alice", "HEAD /doc"), "200 bypassed (no-validator)")
	})
}
