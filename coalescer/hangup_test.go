package coalescer_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"
)

// until is a context of a client that hangs up after d.
func (s *scene) until(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// hangsUp polls as a client that gives up after d.
func (s *scene) hangsUp(d time.Duration, user, target string, lines ...string) told {
	return s.ask(s.until(d), s.poll(user, target, lines...))
}

func TestLeaderHangingUpDoesNotCancelFollowers(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one").in(rtt))
		leader := s.soon(func() {
			if g := s.hangsUp(rtt/2, "alice", "/doc"); !errors.Is(g.err, context.DeadlineExceeded) {
				t.Errorf("leader got %q", g)
			}
		})
		got := crowd(100, func(int) told { return s.get("alice", "/doc") })
		leader()
		s.wantTally(got, map[string]int{"200 collapsed one": 100})
		s.up.wantSaw("poll alice /doc")
	})
}

func TestLastHangingUpCancelsTheCall(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one").in(time.Hour))
		crowd(10, func(i int) told { return s.hangsUp(time.Duration(i)*time.Millisecond+rtt, "alice", "/doc") })
		s.up.wantSaw("poll alice /doc")
		s.calm()
		s.up.wantQuiet()
	})
}

// The call that nobody waits for any more may take its time to end. Whoever
// comes then must not be told that it was cancelled.
func TestACallThatIsBeingCancelledCannotBeJoined(t *testing.T) {
	play(t, usual(), func(s *scene) {
		deaf := page(`"v1"`, "one").in(rtt)
		deaf.deaf = true
		s.up.says(deaf)
		s.hangsUp(rtt/2, "alice", "/doc")
		s.up.says(page(`"v1"`, "one").in(rtt))
		s.want(s.get("alice", "/doc"), "200 fetched one")
		s.up.wantSaw("poll alice /doc", "poll alice /doc")
		s.want(s.get("alice", "/doc"), "200 hit one") // what became of the first call changes nothing
	})
}

func TestAnAbandonedCallIsNotAFailureOfUpstream(t *testing.T) {
	policy := usual()
	policy.StaleIfError = time.Minute
	play(t, policy, func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		s.get("alice", "/doc")
		s.wait(3 * time.Second)
		s.up.says(page(`"v2"`, "two").in(rtt))
		s.hangsUp(rtt/2, "alice", "/doc")
		s.calm()
		s.want(s.get("alice", "/doc"), "200 fetched two") // not one, as if upstream were down
	})
}

func TestLeaderHangingUpBeforeItsOwnAnswerLandsClosesIt(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one", "Set-Cookie: a=b").in(rtt))
		leader := s.soon(func() { s.hangsUp(rtt/2, "alice", "/doc") })
		got := crowd(10, func(int) told { return s.get("alice", "/doc") })
		leader()
		s.wantTally(got, map[string]int{"200 bypassed (set-cookie) one": 10})
		s.up.wantQuiet()
	})
}

// Landing and hanging up at the same moment happen in either order.
func TestLeaderHangingUpWhenItsOwnAnswerLandsClosesIt(t *testing.T) {
	for range 50 {
		play(t, usual(), func(s *scene) {
			s.up.says(page(`"v1"`, "one", "Set-Cookie: a=b").in(rtt))
			var wg sync.WaitGroup
			wg.Go(func() {
				got := s.hangsUp(rtt, "alice", "/doc")
				if got.err == nil {
					s.want(got, "200 fetched one")
				}
			})
			wg.Go(func() { s.hangsUp(rtt, "alice", "/doc") })
			wg.Wait()
			s.calm()
			s.up.wantQuiet()
		})
	}
}

func TestLeaderHangingUpWhileItReadsItsOwnAnswerEndsTheCall(t *testing.T) {
	play(t, usual(), func(s *scene) {
		stalling := page(`"v1"`, "one", "Cache-Control: no-store")
		stalling.stalls = true
		s.up.says(stalling)
		a, err := s.c.Next(context.Background(), s.poll("alice", "/doc"))
		if err != nil || a.Response == nil {
			t.Fatalf("got %v, %v, want a response", a, err)
		}
		read := make([]byte, 3)
		if _, err := a.Response.Body.Read(read); err != nil || string(read) != "one" {
			t.Fatalf("read %q, %v", read, err)
		}
		ctx := a.Response.Request.Context()
		if ctx.Err() != nil {
			t.Errorf("the call ended under its reader: %v", ctx.Err())
		}
		s.wait(time.Hour) // a transfer takes the time that it takes
		if ctx.Err() != nil {
			t.Errorf("the call ended under its reader: %v", ctx.Err())
		}
		a.Response.Body.Close()
		if ctx.Err() == nil {
			t.Error("the call goes on without its reader")
		}
	})
}

func TestFollowersHangingUpLeaveTheRestAlone(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.does(func(*http.Request) reply { return page(`"v1"`, "one").in(rtt) })
		leader := s.soon(func() { s.want(s.get("alice", "/doc"), "200 fetched one") })
		crowd(100, func(i int) told { return s.hangsUp(time.Duration(i)*time.Millisecond, "alice", "/doc") })
		leader()
		s.up.wantSaw("poll alice /doc")
	})
}
