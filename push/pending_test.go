package push_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/push"
)

// TestWatchersWaitWhileOthersHaveTooMuchToTake: with room for one document, who takes none holds
// up the others until that is out of patience, and then they go on.
func TestWatchersWaitWhileOthersHaveTooMuchToTake(t *testing.T) {
	play(t, push.Options{PendingBytes: 10, WriteTimeout: 10 * time.Second, PingInterval: time.Hour}, func(s *scene) {
		slow := s.connect("ann", "")
		synctest.Wait()
		quick := s.connect("ann", "")
		synctest.Wait()
		if got := s.hub.Pending(); got != 10 {
			t.Errorf("%d bytes are pending, want all 10 that may", got)
		}
		slow.want(`{"state":0}`)
		quick.want(`{"state":0}`)
		s.up.set(`{"state":1}`)
		time.Sleep(interval)
		synctest.Wait()
		quick.SetReadDeadline(time.Now().Add(11 * time.Second)) // as long as slow is waited for, and it takes nothing
		quick.want(`{"state":1}`)
		slow.Close()
		quick.Close()
		synctest.Wait()
		if got := s.hub.Pending(); got != 0 {
			t.Errorf("%d bytes are pending towards nobody", got)
		}
	})
}

func TestWatcherThatWaitsInVainIsToldToComeBack(t *testing.T) {
	play(t, push.Options{PendingBytes: 10, WriteTimeout: 10 * time.Second, PingInterval: time.Hour}, func(s *scene) {
		var slow []*client
		for range 3 { // each begins to be written to when the one before is given up
			slow = append(slow, s.connect("ann", ""))
			time.Sleep(time.Second)
		}
		last := s.connect("ann", "")
		began := time.Now()
		_, _, err := last.ReadMessage()
		var closed *websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != push.CloseTryLater {
			t.Errorf("got %v, want close %d", err, push.CloseTryLater)
		}
		if waited := time.Since(began); waited != 20*time.Second {
			t.Errorf("it waited for %v, want 20s", waited)
		}
		if got := s.counted("pollard_deliveries_total", "failed", "scene", "websocket"); got != 3 {
			t.Errorf("%v deliveries failed, want those of the first two and of the last", got)
		}
		for _, c := range append(slow, last) {
			c.Close()
		}
	})
}
