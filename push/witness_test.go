package push

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

func TestAStateIsLateByOurDoingAlone(t *testing.T) {
	const limit = 10 * time.Second
	for name, c := range map[string]struct {
		lives func(t *testimony, wake func())
		want  int // failures
	}{
		"at first nothing was due": {func(t *testimony, _ func()) { time.Sleep(time.Hour); t.writes(limit) }, 0},
		"at once":                  {func(t *testimony, wake func()) { time.Sleep(time.Hour); wake(); t.writes(limit) }, 0},
		"within the time to write": {func(t *testimony, wake func()) { wake(); time.Sleep(limit); t.writes(limit) }, 0},
		"nobody had the time":      {func(t *testimony, wake func()) { wake(); time.Sleep(limit + 1); t.writes(limit) }, 1},
		"it counts once": {func(t *testimony, wake func()) {
			for range 3 {
				wake()
				time.Sleep(limit + 1)
				t.writes(limit)
			}
		}, 1},
		"the client asks for what it had": {func(t *testimony, wake func()) { wake(); t.writes(limit); time.Sleep(time.Hour); t.writes(limit) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				failures, woken := 0, 0
				fares := &testimony{}
				fares.begin(&Witness{Began: func() {}, Ended: func() {}, Told: func(*coalescer.Snapshot) {}, Failed: func() { failures++ }})
				c.lives(fares, fares.waking(func() { woken++ }))
				if failures != c.want {
					t.Errorf("got %d failures, want %d", failures, c.want)
				}
			})
		})
	}
}

func TestWithoutAWitnessNobodyIsTold(t *testing.T) {
	woken := false
	fares := &testimony{}
	fares.begin(nil)
	fares.waking(func() { woken = true })()
	fares.wrote(nil)
	fares.writes(0)
	fares.fail()
	fares.end()
	if !woken {
		t.Error("nobody was woken")
	}
}

func TestWhatCannotBePushedIsOursAndWhatCannotBeWrittenIsNot(t *testing.T) {
	for err, want := range map[error]bool{
		fmt.Errorf("%w: no UTF-8", ErrUnpushable): true,
		&coalescer.Ended{Status: 403}:             false,
		Farewell{Code: CloseRestart}:              false,
		errSilent:                                 false,
	} {
		if got := isOurs(err); got != want {
			t.Errorf("%v: got %v, want %v", err, got, want)
		}
	}
}
