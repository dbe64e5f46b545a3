package coalescer_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

func TestAWatchBeginsWithAnUnconditionalCallOfItsOwn(t *testing.T) {
	play(t, watching(), func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one").answer)
		s.get("alice", "/doc")
		s.up.saw()
		s.wait(time.Second)
		r := s.read("alice", "/doc", "")
		s.up.wantSaw("verify alice /doc")
		r.wantRead("one")
		r.leave()
	})
}

func TestWhoIsNotGivenTheDocumentMayNotWatchIt(t *testing.T) {
	long := strings.Repeat("x", 1<<20+1)
	for _, tt := range []struct {
		name   string
		answer reply
		want   coalescer.Refused
	}{
		{"nobody", says(401), coalescer.Refused{Status: 401}},
		{"forbidden", says(403), coalescer.Refused{Status: 403}},
		{"gone", says(404, `ETag: "v1"`), coalescer.Refused{Status: 404}},
		{"redirect", says(302, "Location: /sign_in"), coalescer.Refused{Status: 302}},
		{"not yet", says(204, "Poll-Interval: 3000"), coalescer.Refused{Status: 204}},
		{"polling switched off", says(429, `ETag: "v1"`), coalescer.Refused{Status: 429}},
		{"no-store", page(`"v1"`, "one", "Cache-Control: no-store"), coalescer.Refused{Status: 200, Reason: "no-store"}},
		{"cookie", page(`"v1"`, "one", "Set-Cookie: a=b"), coalescer.Refused{Status: 200, Reason: "set-cookie"}},
		{"no validator", page("", "one"), coalescer.Refused{Status: 200, Reason: "no-validator"}},
		{"more pages", page(`"v1"`, "one", "Poll-Interval: 1"), coalescer.Refused{Status: 200, Reason: "more-pages"}},
		{"too large, and says so", page(`"v1"`, long), coalescer.Refused{Status: 200, Reason: "oversized"}},
		{"too large", page(`"v1"`, long).chunked(), coalescer.Refused{Status: 200, Reason: "oversized"}},
		{"varies on everything", page(`"v1"`, "one", "Vary: *"), coalescer.Refused{Status: 200, Reason: "vary"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, watching(), func(s *scene) {
				s.up.says(tt.answer.in(rtt))
				var wg sync.WaitGroup
				for range 3 { // whoever leads the call, and those who wait for it
					wg.Go(func() {
						_, err := s.watch("alice", "/doc")
						checkRefused(t, err, tt.want)
					})
				}
				wg.Wait()
				s.up.wantSaw("verify alice /doc")
				s.wait(time.Minute)
				s.up.wantSaw()
			})
		})
	}
}

func checkRefused(t testing.TB, err error, want coalescer.Refused) {
	t.Helper()
	refused, ok := errors.AsType[*coalescer.Refused](err)
	if !ok || *refused != want {
		t.Errorf("got %+v (%v), want %+v", refused, err, want)
	}
	if _, failed := errors.AsType[*coalescer.CallError](err); failed {
		t.Errorf("got %v, which says that upstream failed", err)
	}
}

func TestAFailureOfUpstreamIsNoRefusal(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer reply
		status int // that upstream gave, 0 is none
	}{
		{"error", says(500), 500},
		{"overloaded", says(503, "Retry-After: 2"), 503},
		{"too many requests", says(429, "Retry-After: 2"), 429},
		{"request timeout", says(408), 408},
		{"too slow", page(`"v1"`, "one").in(time.Hour), 0},
		{"down", broken(errRefused), 0},
		{"304 to no condition", unchanged(`ETag: "v1"`), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, watching(), func(s *scene) {
				s.up.says(tt.answer)
				crowd(3, func(int) told {
					_, err := s.watch("alice", "/doc")
					_, failed := errors.AsType[*coalescer.CallError](err)
					refused, _ := errors.AsType[*coalescer.Refused](err)
					if !failed || (refused != nil) != (tt.status != 0) || refused != nil && refused.Status != tt.status {
						t.Errorf("got %v, want a CallError with upstream's status %d", err, tt.status)
					}
					return told{}
				})
				s.up.saw()
				s.wait(time.Minute)
				s.up.wantSaw()
			})
		})
	}
}

func TestWatchesThatAreOpenedAtOnceShareTheCall(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		app.latency = rtt
		s.up.does(app.answer)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				w := s.mustWatch("alice", "/doc")
				defer w.Close()
				if m, err := w.Next(context.Background(), ""); err != nil || string(m.Body) != "one" {
					t.Errorf("got %v, %v, want one", m, err)
				}
			})
		}
		wg.Wait()
		s.up.wantSaw("verify alice /doc")
	})
}

// A poll's call under way may be conditional: a 304 does not prove anything.
func TestAPollsCallUnderWayProvesNoWatch(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		s.get("alice", "/doc")
		s.wait(3 * time.Second)
		s.up.saw()
		poll := s.soon(func() { s.want(s.get("alice", "/doc", `If-None-Match: "v1"`), "304 revalidated") })
		w := s.mustWatch("alice", "/doc")
		poll()
		w.Close()
		s.up.wantSaw(`poll alice /doc If-None-Match: "v1"`, "verify alice /doc")
		s.wantOneAtATime()
	})
}

func TestHangingUpWhileAWatchIsOpenedCancelsTheCall(t *testing.T) {
	play(t, watching(), func(s *scene) {
		s.up.says(page(`"v1"`, "one").in(5 * time.Second))
		_, err := s.c.Watch(s.until(2*time.Second), s.poll("alice", "/doc"))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		s.calm()
		s.up.wantQuiet()
	})
}

func TestADocumentThatVariesOnMoreIsWatchedUnderItsNewKey(t *testing.T) {
	play(t, watching(), func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one", "Vary: X-Filter").answer)
		_, err := s.watch("alice", "/doc")
		checkRefused(t, err, coalescer.Refused{Status: 200, Reason: "vary"})
		r := s.read("alice", "/doc", "")
		r.wantRead("one")
		r.leave()
	})
}

func TestADocumentThatComesToVaryOnMoreAsksItsWatchersToReturn(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		r := s.read("alice", "/doc", "")
		r.wantRead("one")
		app.turns(`"v2"`, "two", "Vary: X-Filter")
		s.wait(lastTick + time.Second)
		r.wantRead()
		r.wantEnded(&coalescer.Ended{Status: 200, Reconnect: true})
		r.leave()
		r = s.read("alice", "/doc", `"v1"`)
		r.wantRead("two")
		r.leave()
	})
}
