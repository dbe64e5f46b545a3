package push_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/push"
)

func TestTurnsAreTakenOneAtATimeAndNoneIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var work sync.WaitGroup
		var taking, taken, asked atomic.Int64
		var seen int64 // by the last turn
		turns := push.NewTurns(&work, func() {
			if taking.Add(1) != 1 {
				t.Error("two turns at a time")
			}
			seen = asked.Load()
			time.Sleep(time.Millisecond)
			taking.Add(-1)
			taken.Add(1)
		})
		var asking sync.WaitGroup
		for i := range 100 {
			asking.Go(func() {
				time.Sleep(time.Duration(i%10) * time.Millisecond)
				asked.Add(1)
				turns.Ask()
			})
		}
		asking.Wait()
		turns.End()
		work.Wait()
		if seen != 100 || taken.Load() > 11 {
			t.Errorf("the last of %d turns saw %d asked for, want 100 in 11 turns at most", taken.Load(), seen)
		}
		turns.Ask()
		synctest.Wait()
		if taken.Load() > 11 {
			t.Error("a turn was taken after the end")
		}
	})
}

func TestAWebSocketThatIsToldNothingIsOneGoroutine(t *testing.T) {
	play(t, push.Options{HandshakesPerSecond: 1e6}, func(s *scene) {
		const sockets = 50
		s.connect("ann", "").Close()
		time.Sleep(time.Minute)
		before := goroutines()
		var all []*client
		for i := range sockets {
			c := s.connect("ann", []string{"", push.Subprotocol}[i%2])
			c.next()
			all = append(all, c)
		}
		for _, state := range []string{"told nothing", "told something"} {
			synctest.Wait()
			if got := goroutines() - before; got > sockets+sockets/2 {
				t.Errorf("%s: %d goroutines for %d sockets, want hardly more than one each", state, got, sockets)
			}
			s.up.set(fmt.Sprintf("%q", state))
			for _, c := range all {
				c.next()
			}
		}
		for _, c := range all {
			c.Close()
		}
	})
}
