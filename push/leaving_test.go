package push_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/pollard-proxy/pollard/push"
)

func TestWhoeverIsOnAConnectionThatIsToBeLeftIsToldToComeBack(t *testing.T) {
	type connectionKey struct{}
	leaving := func(request context.Context) context.Context { return request.Value(connectionKey{}).(context.Context) }
	playOnce(t, push.Options{Leaving: leaving}, func(s *scene) {
		outdated, cancel := context.WithCancel(context.Background())
		join := func(connection context.Context) *leaver {
			l := &leaver{stays: true}
			leave, ok := s.hub.Join(context.WithValue(t.Context(), connectionKey{}, connection), l)
			if !ok {
				t.Fatal("could not join")
			}
			l.leave = leave
			return l
		}
		early, other := join(outdated), join(context.Background())
		gone := join(outdated)
		gone.leave()
		cancel()
		late := join(outdated)
		synctest.Wait()
		for name, l := range map[string]*leaver{"who was there": early, "who comes after it": late} {
			if why, _ := l.heard(t); why.Code != push.CloseRestart || why.After != 0 {
				t.Errorf("%s: told %+v, want to come back at once", name, why)
			}
			l.leave()
		}
		if len(other.told) > 0 || len(gone.told) > 0 {
			t.Errorf("told as well: another connection %v, one that has gone %v", other.told, gone.told)
		}
		other.leave()
	})
}
