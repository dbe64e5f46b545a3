package forward

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestEachFailureInARowDoublesTheLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := standing{most: 5 * time.Second}
		for i, want := range []time.Duration{1, 2, 4, 5, 5} {
			if isFirst := s.failed(); isFirst != (i == 0) {
				t.Errorf("failure %d: got first in a row %v", i, isFirst)
			}
			time.Sleep(want*time.Second - 1)
			if s.rank(time.Now()) != ejected {
				t.Errorf("after failure %d: back before %d s", i, want)
			}
			time.Sleep(1)
			if s.rank(time.Now()) != sound {
				t.Errorf("after failure %d: not back after %d s", i, want)
			}
		}
		if !s.answered(true) || s.answered(true) {
			t.Error("got no end of the row, or two")
		}
		s.failed()
		time.Sleep(time.Second)
		if s.rank(time.Now()) != sound {
			t.Error("an answer did not end the row")
		}
	})
}

func TestOneConnectionThatStaysOpenEndsTheDoubt(t *testing.T) {
	s := standing{most: time.Hour}
	s.signed()
	s.answered(false)
	if got := s.rank(time.Now()); got != doubted {
		t.Errorf("got rank %d, want doubted", got)
	}
	s.answered(true)
	if got := s.rank(time.Now()); got != sound {
		t.Errorf("got rank %d, want sound", got)
	}
}

func TestNobodyIsLeftAloneWhereThatIsNotWanted(t *testing.T) {
	var s standing
	s.failed()
	s.signed()
	if got := s.rank(time.Now()); got != sound {
		t.Errorf("got rank %d, want sound", got)
	}
}
