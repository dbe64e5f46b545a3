package coalescer_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

func TestCloseFailsThoseWhoWaitAndWaitsForTheCalls(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one").in(time.Minute))
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				got := s.get("alice", fmt.Sprint("/doc/", i%3))
				if _, ok := errors.AsType[*coalescer.CallError](got.err); !ok {
					t.Errorf("client got %q, want a CallError", got)
				}
			})
		}
		s.calm()
		s.c.Close()
		s.up.wantQuiet()
		wg.Wait()
	})
}

func TestCloseEndsProbes(t *testing.T) {
	play(t, sharingChanges(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		s.get("alice", "/doc")
		s.wait(3 * time.Second)
		s.up.says(page(`"v1"`, "one").in(time.Hour))
		waiting := s.soon(func() { s.get("alice", "/doc") })
		s.c.Close()
		waiting()
		s.up.wantQuiet()
	})
}

func TestCloseMayBeCalledAgain(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.c.Close()
		s.c.Close()
	})
}

func TestAfterCloseNothingGoesUpstream(t *testing.T) {
	for _, share := range []coalescer.Share{coalescer.Nothing, coalescer.Changes} {
		t.Run(share.String(), func(t *testing.T) {
			policy := usual()
			policy.Share = share
			play(t, policy, func(s *scene) {
				s.up.says(page(`"v1"`, "one"))
				s.get("alice", "/doc")
				s.up.saw()
				s.c.Close()
				s.want(s.get("alice", "/doc"), "200 hit one")
				s.wait(3 * time.Second)
				for range 2 {
					got := s.get("alice", "/doc")
					if _, ok := errors.AsType[*coalescer.CallError](got.err); !ok {
						t.Errorf("client got %q, want a CallError", got)
					}
				}
				s.up.wantSaw()
			})
		})
	}
}

func TestCloseBesidePollsIsSafe(t *testing.T) {
	for range 20 {
		play(t, sharingChanges(), func(s *scene) {
			s.up.does(newGitLab().answer)
			ctx, cancel := context.WithCancel(context.Background())
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					for n := 0; ctx.Err() == nil; n++ {
						s.ask(ctx, s.poll(fmt.Sprint("user", i), fmt.Sprint("/doc/", n%5)))
						s.wait(time.Duration(i+1) * 100 * time.Millisecond)
					}
				})
			}
			s.wait(4 * time.Second)
			s.c.Close()
			s.up.wantQuiet()
			s.wait(time.Second)
			cancel()
			wg.Wait()
		})
	}
}
