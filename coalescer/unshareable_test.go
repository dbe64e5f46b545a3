package coalescer_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// forOne are answers that nobody may have but the one who asked.
var forOne = []struct {
	reason     string
	answer     reply
	remembered bool
}{
	{"set-cookie", page(`"v1"`, "body", "Set-Cookie: a=b"), true},
	{"no-store", page(`"v1"`, "body", "Cache-Control: private, no-store"), true},
	{"no-store", page(`"v1"`, "body", "Cache-Control: max-age=0", "Cache-Control: No-Store"), true},
	{"no-validator", page("", "body"), true},
	{"no-validator", page("", "body", `ETag: "a"`, `ETag: "b"`), true},
	{"no-validator", page("", "body", "Last-Modified: Wed, 01 Jul 2026 10:00:00 GMT"), true},
	{"vary", page(`"v1"`, "body", "Vary: *"), true},
	{"vary", page(`"v1"`, "body", "Vary: Accept, *"), true},
	{"streaming", page(`"v1"`, "body", "Content-Type: text/event-stream; charset=utf-8").chunked(), true},
	{"streaming", trailing(page(`"v1"`, "body").chunked()), true},
	{"more-pages", page(`"v1"`, "body", "Poll-Interval: 1"), false},
	{"status", says(204, `ETag: "v1"`, "Poll-Interval: 3000"), true},
	{"status", says(206, `ETag: "v1"`), true},
	{"status", says(301, "Location: /else"), true},
	{"status", says(302, "Location: /sign_in", `ETag: "v1"`), true},
	{"status", says(401, `ETag: "v1"`), true},
	{"status", says(403, `ETag: "v1"`), true},
	{"status", says(404, `ETag: "v1"`), true},
	{"status", says(422, `ETag: "v1"`), true},
	{"status", says(429, `ETag: "v1"`, "X-Gitlab-From-Cache: true"), false},
	{"status", says(429, "Retry-After: 10"), false},
	{"status", says(408), false},
	{"status", says(500, `ETag: "v1"`), false},
	{"status", says(503, "Retry-After: 10"), false},
}

func trailing(r reply) reply {
	r.trailer = http.Header{"Server-Timing": nil}
	return r
}

func TestAnAnswerForOneReaderIsGivenToNobodyElse(t *testing.T) {
	for i, tt := range forOne {
		t.Run(fmt.Sprint(i, " ", tt.reason, " ", tt.answer.status), func(t *testing.T) {
			play(t, usual(), func(s *scene) {
				s.up.says(tt.answer.in(rtt))
				leader := s.soon(func() {
					s.want(s.get("alice", "/doc"), strings.TrimSpace(fmt.Sprintf("%d fetched %s", tt.answer.status, tt.answer.body)))
				})
				got := crowd(20, func(int) told { return s.get("alice", "/doc") })
				leader()
				alone := strings.TrimSpace(fmt.Sprintf("%d bypassed (%s) %s", tt.answer.status, tt.reason, tt.answer.body))
				s.wantTally(got, map[string]int{alone: 20})
				if d := slowest(got); d != 2*rtt {
					t.Errorf("the last waited %v, want %v", d, 2*rtt)
				}
				if n := s.up.count(); n != 21 {
					t.Errorf("%d calls, want one for each of 21", n)
				}

				again := s.get("alice", "/doc")
				if tt.remembered {
					s.want(again, alone)
				} else if again.reason != "" {
					t.Errorf("client got %q, want a call of its own that others could join", again)
				}
				if states := s.c.States("app.test", "/doc", 10); len(states) != 1 || states[0].Tag != "" {
					t.Errorf("held: %+v, want nothing", states)
				}
			})
		})
	}
}

func TestACookieIsGivenToNobodyElse(t *testing.T) {
	play(t, usual(), func(s *scene) {
		var n atomic.Int64
		s.up.does(func(*http.Request) reply {
			return page(`"v1"`, "body", fmt.Sprintf("Set-Cookie: n=%d", n.Add(1))).in(rtt)
		})
		seen := map[string]bool{}
		for _, g := range crowd(100, func(int) told { return s.get("alice", "/doc") }) {
			seen[g.header.Get("Set-Cookie")] = true
		}
		if len(seen) != 100 || seen[""] {
			t.Errorf("%d different cookies for 100 clients", len(seen))
		}
	})
}

func TestTheCookieOfA304IsGivenToNobodyElse(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		s.get("alice", "/doc")
		s.wait(3 * time.Second)
		s.up.saw()
		s.up.does(func(r *http.Request) reply {
			if r.Header.Get("If-None-Match") == "" {
				return page(`"v1"`, "one", "Set-Cookie: a=200").in(rtt)
			}
			return unchanged(`ETag: "v1"`, "Set-Cookie: a=304").in(rtt)
		})
		leader := s.soon(func() {
			g := s.get("alice", "/doc", `If-None-Match: "v1"`)
			s.want(g, "304 revalidated")
		})
		got := crowd(2, func(i int) told {
			return s.get("alice", "/doc", [][]string{nil, {`If-None-Match: "v1"`}}[i]...)
		})
		leader()
		s.want(got[0], "200 bypassed (set-cookie) one")
		s.want(got[1], "304 bypassed (set-cookie)")
		s.up.wantSaw(`poll alice /doc If-None-Match: "v1"`, "pass alice /doc", `pass alice /doc If-None-Match: "v1"`)
	})
}

// Our own condition is not the client's: a 304 to it is no answer for a client
// that asked for the body.
func TestAPersonal304IsNotGivenToALeaderThatDidNotAskForIt(t *testing.T) {
	for _, field := range []string{"Set-Cookie: a=b", "Cache-Control: no-store", "Vary: *"} {
		t.Run(field, func(t *testing.T) {
			play(t, usual(), func(s *scene) {
				s.up.says(page(`"v1"`, "one"))
				s.get("alice", "/doc")
				s.wait(3 * time.Second)
				s.up.does(func(r *http.Request) reply {
					if r.Header.Get("If-None-Match") != "" {
						return unchanged(field)
					}
					return page(`"v1"`, "one")
				})
				got := s.get("alice", "/doc")
				if got.status != 200 || got.body != "one" || got.header.Get("Set-Cookie") != "" {
					t.Errorf("client got %q, %v", got, got.header)
				}
			})
		})
	}
}

func TestThoseWhoGoByThemselvesTakeTheirOwnConditions(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page("", "body").in(rtt))
		leader := s.soon(func() { s.get("alice", "/doc") })
		crowd(2, func(i int) told {
			return s.get("alice", "/doc", []string{`If-None-Match: W/"a", "b"`, `If-Modified-Since: Wed, 01 Jul 2026 10:00:00 GMT`}[i])
		})
		leader()
		requests := s.up.requests
		if len(requests) != 3 {
			t.Fatalf("%d requests, want 3", len(requests))
		}
		conditions := map[string]bool{}
		for _, r := range requests[1:] {
			conditions[r.header.Get("If-None-Match")+r.header.Get("If-Modified-Since")] = true
		}
		if !conditions[`W/"a", "b"`] || !conditions["Wed, 01 Jul 2026 10:00:00 GMT"] {
			t.Errorf("upstream saw %v, want what each client brought", conditions)
		}
	})
}

func TestPollsMeetAgainOnceAnAnswerThatPassedCouldBeShared(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one", "Set-Cookie: a=b"))
		s.get("alice", "/doc")
		s.want(s.get("alice", "/doc"), "200 bypassed (set-cookie) one")
		s.up.says(page(`"v1"`, "one"))
		s.want(s.get("alice", "/doc"), "200 bypassed (set-cookie) one")
		s.want(s.get("alice", "/doc"), "200 fetched one")
		s.want(s.get("alice", "/doc"), "200 hit one")
	})
}

func TestEachAnswerThatCannotBeSharedRenewsTheMemory(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one", "Set-Cookie: a=b"))
		s.get("alice", "/doc")
		for range 5 {
			s.wait(50 * time.Second)
			s.want(s.get("alice", "/doc"), "200 bypassed (set-cookie) one")
		}
		s.wait(time.Minute)
		s.want(s.get("alice", "/doc"), "200 fetched one")
	})
}

// A 304 does not tell whether the 200 could be shared. If it kept polls passing
// then one answer with a cookie would end coalescing until the next change.
func TestA304ThatPassedDoesNotRenewTheMemory(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one", "Set-Cookie: a=b"))
		s.get("alice", "/doc")
		s.up.says(unchanged(`ETag: "v1"`))
		for range 19 {
			s.wait(3 * time.Second)
			s.want(s.get("alice", "/doc", `If-None-Match: "v1"`), "304 bypassed (set-cookie)")
		}
		s.wait(3 * time.Second)
		s.want(s.get("alice", "/doc", `If-None-Match: "v1"`), "304 revalidated")
		s.want(s.get("alice", "/doc", `If-None-Match: "v1"`), "304 hit")
	})
}

func TestA304WithACookieThatPassedRenewsTheMemory(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one", "Set-Cookie: a=b"))
		s.get("alice", "/doc")
		s.up.says(unchanged(`ETag: "v1"`, "Set-Cookie: a=c"))
		for range 40 {
			s.wait(3 * time.Second)
			s.want(s.get("alice", "/doc", `If-None-Match: "v1"`), "304 bypassed (set-cookie)")
		}
	})
}

func TestAFailureThatPassedNeitherEndsNorRenewsTheMemory(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one", "Set-Cookie: a=b"))
		s.get("alice", "/doc")
		s.wait(50 * time.Second)
		s.up.says(says(503))
		s.want(s.get("alice", "/doc"), "503 bypassed (set-cookie) Service Unavailable")
		s.wait(9 * time.Second)
		s.want(s.get("alice", "/doc"), "503 bypassed (set-cookie) Service Unavailable")
		s.wait(time.Second)
		s.want(s.get("alice", "/doc"), "503 fetched Service Unavailable")
	})
}

func TestOneIdentitysRefusalDoesNotTouchAnothers(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(func(r *http.Request) reply {
			if userOf(r) == "mallory" {
				return says(404, `ETag: W/"stamp"`).in(rtt)
			}
			return page(`W/"stamp"`, "for "+userOf(r)).in(rtt)
		})
		users := []string{"alice", "mallory", "bob"}
		got := crowd(3, func(i int) told { return s.get(users[i], "/doc") })
		s.want(got[0], "200 fetched for alice")
		s.want(got[1], "404 fetched Not Found")
		s.want(got[2], "200 fetched for bob")
	})
}

// GitLab stamps its tag on errors too, and answers 304 to it before it
// authenticates.
func TestA304AfterARefusalDoesNotBringBackWhatWasHeld(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`W/"stamp"`, "secret"))
		s.get("alice", "/doc")
		s.up.says(says(404, `ETag: W/"stamp"`))
		s.wait(3 * time.Second)
		s.want(s.get("alice", "/doc"), "404 fetched Not Found")
		s.wait(time.Minute)
		s.up.does(func(r *http.Request) reply {
			if r.Header.Get("If-None-Match") == `W/"stamp"` {
				return unchanged(`ETag: W/"stamp"`)
			}
			return says(404, `ETag: W/"stamp"`)
		})
		s.want(s.get("alice", "/doc", `If-None-Match: W/"stamp"`), "304 revalidated")
		s.want(s.get("alice", "/doc"), "404 fetched Not Found")
		s.want(s.get("alice", "/doc"), "404 bypassed (status) Not Found")
	})
}

func TestOversizedBodiesStreamThroughUnstored(t *testing.T) {
	policy := usual()
	policy.MaxBody = 1000
	for _, tt := range []struct {
		name   string
		size   int
		answer func(reply) reply
		want   string
	}{
		{"announced", 1001, func(r reply) reply { return r }, "bypassed"},
		{"unannounced", 1001, reply.chunked, "bypassed"},
		{"as large as may be, announced", 1000, func(r reply) reply { return r }, "hit"},
		{"as large as may be, unannounced", 1000, reply.chunked, "hit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, policy, func(s *scene) {
				content := strings.Repeat("x", tt.size-1) + "y"
				s.up.says(tt.answer(page(`"v1"`, content)))
				for _, want := range []string{"fetched", tt.want} {
					got := s.get("alice", "/doc")
					if got.body != content || got.outcome.String() != want {
						t.Errorf("%d bytes, %v, want all %d, %v", len(got.body), got.outcome, tt.size, want)
					}
				}
				if n := s.usage().StoredBytes; tt.want == "bypassed" && n > 2000 {
					t.Errorf("%d bytes stored", n)
				}
			})
		})
	}
}

func TestAnAnswerForOneEndsWhatWasFreshForOthers(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one", "Poll-Interval: 60000"))
		s.get("alice", "/doc")
		s.wait(time.Second)
		s.up.says(page(`"v2"`, "two", "Set-Cookie: a=b"))
		s.want(s.get("alice", "/doc", `If-None-Match: "elsewhere"`), "200 fetched two")
		s.up.says(page(`"v2"`, "two"))
		s.want(s.get("alice", "/doc"), "200 bypassed (set-cookie) two")
		s.want(s.get("alice", "/doc"), "200 fetched two") // and not one, which is younger than its interval
	})
}
