package coalescer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// failures are the ways in which no answer comes, and what the waiters are told.
var failures = []struct {
	name   string
	answer reply
	want   error
	after  time.Duration
}{
	{"refused", broken(errRefused).in(rtt), errRefused, rtt},
	{"no header in time", page(`"v1"`, "one").in(time.Hour), coalescer.ErrTimeout, 10 * time.Second},
	{"no end in time", func() reply { r := page(`"v1"`, "one").chunked(); r.stalls = true; return r }(), coalescer.ErrTimeout, 10 * time.Second},
	{"cut off", func() reply { r := page(`"v1"`, "on"); r.length = 3; r.breaksOff = true; return r.in(rtt) }(), io.ErrUnexpectedEOF, rtt},
	{"shorter than it said", func() reply { r := page(`"v1"`, "on"); r.length = 3; return r.in(rtt) }(), io.ErrUnexpectedEOF, rtt},
	{"chunks cut off", func() reply { r := page(`"v1"`, "on").chunked(); r.breaksOff = true; return r.in(rtt) }(), io.ErrUnexpectedEOF, rtt},
}

var errRefused = errors.New("connection refused")

func TestEveryWaiterIsToldOfTheFailureOfItsCallAndNobodyElse(t *testing.T) {
	for _, tt := range failures {
		t.Run(tt.name, func(t *testing.T) {
			play(t, usual(), func(s *scene) {
				s.up.says(tt.answer)
				got := crowd(100, func(int) told { return s.get("alice", "/doc") })
				for _, g := range got {
					if _, ok := errors.AsType[*coalescer.CallError](g.err); !ok || !errors.Is(g.err, tt.want) {
						t.Fatalf("client got %q, want a CallError of %v", g, tt.want)
					}
				}
				if d := slowest(got); d != tt.after {
					t.Errorf("the last waited %v, want %v", d, tt.after)
				}
				s.up.wantSaw("poll alice /doc")
				s.up.wantQuiet()

				s.up.says(page(`"v1"`, "one"))
				s.want(s.get("alice", "/doc"), "200 fetched one") // nothing is remembered, nothing broken stored
			})
		})
	}
}

func TestAFailureLeavesWhatIsHeldForThoseItIsGoodFor(t *testing.T) {
	for _, tt := range failures {
		t.Run(tt.name, func(t *testing.T) {
			play(t, usual(), func(s *scene) {
				s.up.says(page(`"v0"`, "zero"))
				s.get("alice", "/doc")
				s.wait(3 * time.Second)
				s.up.says(tt.answer)
				if g := s.get("alice", "/doc"); g.err == nil {
					t.Errorf("client got %q, want an error: stale_if_error is off", g)
				}
				s.up.says(unchanged())
				s.want(s.get("alice", "/doc", `If-None-Match: "v0"`), "304 revalidated")
			})
		})
	}
}

func TestAServerErrorIsItsLeadersAndTheOthersGoFewAtATime(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(says(502).in(rtt))
		got := crowd(1000, func(int) told { return s.get("alice", "/doc") })
		s.wantTally(got, map[string]int{"502 fetched Bad Gateway": 1, "502 bypassed (status) Bad Gateway": 999})
		if s.up.peak < 64 || s.up.peak > 64+1 { // the leader's may not have been read yet
			t.Errorf("%d calls at a time to a failing upstream, want 64", s.up.peak)
		}
		s.want(s.get("alice", "/doc"), "502 fetched Bad Gateway") // not remembered
	})
}

func TestWaitersAtTheGateOfAFailingUpstreamMayHangUp(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(says(502).in(rtt))
		got := crowd(200, func(int) told { return s.hangsUp(rtt+rtt/2, "alice", "/doc") })
		failed := 0
		for _, g := range got {
			if errors.Is(g.err, context.DeadlineExceeded) {
				failed++
			}
		}
		if failed != 199 {
			t.Errorf("%d gave up, want all but the leader", failed)
		}
	})
}

func covering() coalescer.Policy {
	policy := usual()
	policy.StaleIfError = time.Minute
	return policy
}

func TestTheLastGoodAnswerCoversForAFailingUpstream(t *testing.T) {
	outages := []reply{says(500), says(503), says(429, "Retry-After: 1")}
	for _, f := range failures {
		outages = append(outages, f.answer)
	}
	for i, outage := range outages {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			play(t, covering(), func(s *scene) {
				s.up.says(page(`"v1"`, "one", "Cache-Control: must-revalidate"))
				s.get("alice", "/doc")
				s.wait(3 * time.Second)
				s.up.saw()
				s.up.says(outage)
				got := crowd(10, func(i int) told {
					return s.get("alice", "/doc", [][]string{nil, {`If-None-Match: "v1"`}}[i%2]...)
				})
				for i, g := range got {
					if want := [...]int{200, 304}[i%2]; g.status != want || !g.answer.Covered || g.answer.TTL > 0 || g.answer.Age < 3*time.Second {
						t.Errorf("client %d got %q, %+v; want %d from what is held, and its age", i, g, g.answer, want)
					}
				}
				if n := s.up.count(); n != 1 {
					t.Errorf("%d calls, want 1", n)
				}
				s.wait(3*time.Second - time.Nanosecond) // the next call is put off for an interval
				s.want(s.get("alice", "/doc"), "200 hit one")
				s.up.says(page(`"v2"`, "two"))
				s.wait(time.Nanosecond)
				got2 := s.get("alice", "/doc")
				s.want(got2, "200 fetched two")
				if got2.answer.Covered {
					t.Error("a good answer is said to be covered")
				}
			})
		})
	}
}

func TestCoverEndsAfterStaleIfError(t *testing.T) {
	play(t, covering(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		s.get("alice", "/doc")
		s.up.says(says(503))
		s.wait(time.Minute + 3*time.Second - time.Nanosecond)
		s.want(s.get("alice", "/doc"), "200 fetched one") // covered
		s.wait(time.Nanosecond)
		s.want(s.get("alice", "/doc"), "503 fetched Service Unavailable")
	})
}

func TestRetryAfterPutsOffTheNextCallWithinTheMaximum(t *testing.T) {
	for _, tt := range []struct {
		field string
		want  time.Duration
	}{
		{"Retry-After: 10", 10 * time.Second},
		{"Retry-After: 1", 3 * time.Second},
		{"Retry-After: 99999", 20 * time.Second},
		{"Retry-After: -5", 3 * time.Second},
		{"Retry-After: later", 3 * time.Second},
		{"Retry-After: Sat, 01 Jan 2000 00:00:20 GMT", 17 * time.Second}, // a bubble begins at midnight
		{"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT", 3 * time.Second},
	} {
		t.Run(tt.field, func(t *testing.T) {
			policy := covering()
			policy.MaxInterval = 20 * time.Second
			play(t, policy, func(s *scene) {
				s.up.says(page(`"v1"`, "one"))
				s.get("alice", "/doc")
				s.wait(3 * time.Second)
				s.up.says(says(503, tt.field))
				s.get("alice", "/doc")
				s.up.says(page(`"v2"`, "two"))
				s.wait(tt.want - time.Nanosecond)
				s.want(s.get("alice", "/doc"), "200 hit one")
				s.wait(time.Nanosecond)
				s.want(s.get("alice", "/doc"), "200 fetched two")
			})
		})
	}
}

func TestNothingCoversForARefusal(t *testing.T) {
	for _, status := range []int{401, 403, 404, 410, 429} {
		play(t, covering(), func(s *scene) {
			s.up.says(page(`"v1"`, "one"))
			s.get("alice", "/doc")
			s.wait(3 * time.Second)
			s.up.says(says(status))
			for range 3 {
				if g := s.get("alice", "/doc"); g.status != status {
					t.Errorf("client got %q, want %d", g, status)
				}
			}
		})
	}
}

func TestAnUpstreamThatFailsAtOnceCannotBeCoveredFor(t *testing.T) {
	play(t, covering(), func(s *scene) {
		s.up.says(says(503))
		s.want(s.get("alice", "/doc"), "503 fetched Service Unavailable")
	})
}

func TestAClientThatIsAheadLeadsACallEvenDuringAnOutage(t *testing.T) {
	play(t, covering(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		s.get("alice", "/doc")
		s.wait(3 * time.Second)
		s.up.says(says(503))
		s.get("alice", "/doc")
		s.up.saw()
		s.get("alice", "/doc", `If-None-Match: "elsewhere"`)
		s.up.wantSaw(`poll alice /doc If-None-Match: "elsewhere"`)
	})
}

func TestAStalledBodyOfAnUnstoredAnswerIsItsReadersAffair(t *testing.T) {
	policy := usual()
	policy.MaxBody = 10
	play(t, policy, func(s *scene) {
		endless := page(`"v1"`, strings.Repeat("x", 100)).chunked()
		endless.stalls = true
		s.up.says(endless)
		leader := s.soon(func() {
			if g := s.hangsUp(time.Hour, "alice", "/doc"); g.err == nil {
				t.Error("the reader saw the end of an endless body")
			}
		})
		s.up.says(page(`"v1"`, "short"))
		s.want(s.get("alice", "/doc"), "200 bypassed (oversized) short") // nobody waits for that reader
		s.c.Close()
		leader()
	})
}
