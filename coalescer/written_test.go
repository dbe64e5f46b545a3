package coalescer_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

func TestWhoWritesIsToldAtOnceWhatBecameOfIt(t *testing.T) {
	for _, share := range []coalescer.Share{coalescer.Nothing, coalescer.Changes, coalescer.Everything} {
		play(t, sharing(share), func(s *scene) {
			app := newSheet(`"v1"`, "one")
			s.up.does(app.answer)
			r, other := s.read("alice", "/doc", ""), s.read("bob", "/doc", "")
			s.wait(lastTick + 1500*time.Millisecond) // the last call is longer ago than the least interval
			r.wantRead("one")
			app.turns(`"v2"`, "two")
			s.c.Wrote(s.poll("alice", "/doc").Writer)
			s.wait(100 * time.Millisecond)
			r.wantRead("two")
			s.wait(lastTick)
			other.wantRead("one", "two")
			r.leave()
			other.leave()
		})
	}
}

func TestWritesInARowCostNoMoreThanACallInTheLeastInterval(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		r := s.read("alice", "/doc", "")
		s.up.saw()
		for i := range 200 {
			app.turns(fmt.Sprintf(`"w%d"`, i), fmt.Sprint(i))
			s.c.Wrote(s.poll("alice", "/doc").Writer)
			s.wait(100 * time.Millisecond)
		}
		s.wait(lastTick)
		if got := len(s.up.saw()); got < 15 || got > 23 {
			t.Errorf("got %d calls in 20 s of writing, want one a second", got)
		}
		if read := r.saw(); string(read[len(read)-1].Body) != "199" {
			t.Errorf("the last state read is %s, want 199", read[len(read)-1].Body)
		}
		r.leave()
	})
}

// The call that is under way does not know of the write.
func TestAWriteDuringATickIsToldByTheNext(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		app.latency = 2 * time.Second
		asked := make(chan struct{}, 100)
		s.up.does(func(r *http.Request) reply { asked <- struct{}{}; return app.answer(r) })
		r := s.read("alice", "/doc", "")
		for len(asked) > 0 {
			<-asked
		}
		<-asked
		app.turns(`"v2"`, "two")
		s.c.Wrote(s.poll("alice", "/doc").Writer)
		s.wait(5 * time.Second)
		r.wantRead("one", "two")
		r.leave()
	})
}

func TestUnderShareEverythingWhoWatchesIsProvenInTurn(t *testing.T) {
	play(t, sharing(coalescer.Everything), func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one").answer)
		proven := map[string]int{}
		var readers []*reader
		for i := range 4 {
			readers = append(readers, s.read(fmt.Sprint("user", i), "/doc", ""))
		}
		s.up.saw()
		s.wait(10 * time.Minute)
		for _, line := range s.up.saw() {
			var reason, user string
			fmt.Sscan(line, &reason, &user)
			if reason == "verify" {
				proven[user]++
			}
		}
		for user, n := range proven {
			if n < 2 || n > 4 {
				t.Errorf("%s was proven %d times in ten leases, want 2 to 4", user, n)
			}
		}
		if len(proven) != 4 {
			t.Errorf("got %v, want each of 4 proven", proven)
		}
		for _, r := range readers {
			r.leave()
		}
	})
}

func TestOffsetsGoOnWhileWhatTheyCountIsHeld(t *testing.T) {
	tests := map[string]struct {
		meanwhile func(*scene, *sheet)
		offset    uint64 // when somebody watches again, 0 for a new epoch
	}{
		"nothing changes":         {func(*scene, *sheet) {}, 1},
		"polls find it unchanged": {func(s *scene, _ *sheet) { s.get("alice", "/doc") }, 1},
		"a tag alone changes":     {func(_ *scene, app *sheet) { app.turns(`"v1b"`, "one") }, 1},
		"it changes, seen by polls": {func(s *scene, app *sheet) {
			app.turns(`"v2"`, "two")
			s.get("alice", "/doc")
			app.turns(`"v3"`, "three")
		}, 3},
		"it changes": {func(_ *scene, app *sheet) { app.turns(`"v2"`, "two") }, 2},
		"upstream refuses meanwhile": {func(s *scene, app *sheet) {
			app.tells("alice", says(404))
			s.get("alice", "/doc")
			app.recovers()
		}, 0},
		"it is forgotten": {func(s *scene, _ *sheet) { s.wait(time.Hour) }, 0},
	}
	for name, test := range tests {
		play(t, watching(), func(s *scene) {
			app := newSheet(`"v1"`, "one")
			s.up.does(app.answer)
			r := s.read("alice", "/doc", "")
			first := r.saw()[0]
			r.leave()
			s.wait(10 * time.Second)
			test.meanwhile(s, app)
			s.wait(10 * time.Second)
			r = s.read("alice", "/doc", "")
			again := r.saw()
			last := again[len(again)-1]
			if test.offset == 0 && last.Epoch <= first.Epoch || test.offset > 0 && (last.Epoch != first.Epoch || last.Offset != test.offset) {
				t.Errorf("%s: was at %d of %d and is at %d of %d, want %d", name, first.Offset, first.Epoch, last.Offset, last.Epoch, test.offset)
			}
			r.leave()
		})
	}
}
