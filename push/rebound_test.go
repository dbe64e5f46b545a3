package push_test

import (
	"context"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/push"
)

func TestBoundsChangeForThoseWhoComeAndSendNobodyAway(t *testing.T) {
	playOnce(t, push.Options{Watchers: 2, HandshakesPerSecond: 1000}, func(s *scene) {
		admit := func() (release func(), refused bool) {
			release, refusal := s.hub.Admit(coalescer.Identity{})
			return release, refusal != nil
		}
		var here []func()
		for range 2 {
			release, refused := admit()
			if refused {
				t.Fatal("refused below the bound")
			}
			here = append(here, release)
		}
		if _, refused := admit(); !refused {
			t.Error("admitted beyond the bound")
		}
		s.hub.Rebound(push.Options{Watchers: 3, HandshakesPerSecond: 1, ReconnectsPerSecond: 1})
		release, refused := admit()
		if refused {
			t.Fatal("refused below the new bound")
		}
		here = append(here, release)
		here[0]()
		if _, refused := admit(); !refused {
			t.Error("admitted faster than the new pace")
		}
		for _, release := range here[1:] {
			release()
		}
		all := join(t, s.hub, 3, false)
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		s.hub.Drain(ctx)
		if took := time.Since(began); took < 2*time.Second || len(all[2].told) != 1 {
			t.Errorf("sent away over %v, want one a second", took)
		}
	})
}
