package redisladder

import (
	"testing"
	"time"
)

func TestTheRollIsCalledFourTimesASecondHoweverLargeTheFleet(t *testing.T) {
	for n, want := range map[int]time.Duration{1: 5 * time.Second, 20: 5 * time.Second, 40: 10 * time.Second, 2000: 500 * time.Second} {
		if got := rollPause(n); got != want {
			t.Errorf("of %d: got %v, want %v", n, got, want)
		}
		if calls := float64(n) / rollPause(n).Seconds(); calls > 4 {
			t.Errorf("of %d: got %v calls a second in all, want at most 4", n, calls)
		}
	}
}
