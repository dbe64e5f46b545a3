package actioncable_test

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
)

func TestACableThatIsToldNothingIsOneGoroutineWhateverIsSubscribed(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		c := s.connect("ann", basic)
		synctest.Wait()
		before := runtime.NumGoroutine()
		for i := range 50 {
			path := fmt.Sprint("/many", i)
			s.up.set(path, fmt.Sprint(i))
			c.follow(path, fmt.Sprint(i))
		}
		synctest.Wait()
		// The count is of the process: the runtime's own and other tests' come and go.
		if got := runtime.NumGoroutine() - before; got > 5 {
			t.Errorf("%d goroutines more for 50 subscriptions, want none", got)
		}
		c.close()
	})
}
