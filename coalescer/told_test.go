package coalescer_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

func TestNowSaysWhatIsNewAndWakesOnceWhenThereIsMore(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		w := s.mustWatch("alice", "/doc")
		defer w.Close()
		var woken atomic.Int32
		wake := func() { woken.Add(1) }
		if m, ok, err := w.Now("", wake); !ok || err != nil || string(m.Body) != "one" {
			t.Errorf("got %v, %v, %v; want the current state", m, ok, err)
		}
		if m, ok, err := w.Now(`"v1"`, wake); ok || err != nil {
			t.Errorf("got %v, %v, %v; want nothing new", m, ok, err)
		}
		for _, tag := range []string{`"v2"`, `"v3"`} {
			app.turns(tag, "state "+tag)
			s.wait(lastTick + time.Second)
			if got := woken.Load(); got != 1 {
				t.Errorf("woken %d times by %s, want once until it looks again", got, tag)
			}
		}
		if m, ok, err := w.Now(`"v1"`, wake); !ok || err != nil || string(m.Body) != `state "v3"` {
			t.Errorf("got %v, %v, %v; want the newest state", m, ok, err)
		}
	})
}

func TestNowSaysThatAWatchHasEnded(t *testing.T) {
	ends := map[string]struct {
		end  func(*scene, *sheet)
		want coalescer.Ended
	}{
		"upstream refuses":     {func(s *scene, app *sheet) { app.tells("alice", says(403)); s.wait(lastTick + time.Second) }, coalescer.Ended{Status: 403}},
		"the identity left":    {func(s *scene, _ *sheet) { s.c.SignedOut(s.poll("alice", "/doc").Writer) }, coalescer.Ended{Status: 401}},
		"the rules are others": {func(s *scene, _ *sheet) { s.c.Retire(s.route) }, coalescer.Ended{Status: 503, Reconnect: true}},
		"the coalescer closes": {func(s *scene, _ *sheet) { s.c.Close() }, coalescer.Ended{Status: 503, Reconnect: true}},
	}
	for name, test := range ends {
		play(t, watching(), func(s *scene) {
			app := newSheet(`"v1"`, "one")
			s.up.does(app.answer)
			w := s.mustWatch("alice", "/doc")
			defer w.Close()
			var woken atomic.Int32
			if _, ok, err := w.Now(`"v1"`, func() { woken.Add(1) }); ok || err != nil {
				t.Errorf("%s: got %v, %v; want nothing new", name, ok, err)
			}
			test.end(s, app)
			if got := woken.Load(); got != 1 {
				t.Errorf("%s: woken %d times, want once", name, got)
			}
			_, ok, err := w.Now(`"v1"`, nil)
			if ended, _ := errors.AsType[*coalescer.Ended](err); ok || ended == nil || *ended != test.want {
				t.Errorf("%s: got %v, %v; want %v", name, ok, err, test.want)
			}
		})
	}
}

// A state is taken, time passes, and a reader without a goroutine looks: it must
// be woken by whatever changed after that. 10,000 of these meet changes at any
// moment.
func TestNoWakeIsLostBetweenLookingAndBeingTold(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"0"`, "0")
		s.up.does(app.answer)
		var readers sync.WaitGroup
		ctx, cancel := context.WithCancel(context.Background())
		edits := s.soon(func() {
			for i := 1; ctx.Err() == nil; i++ {
				s.wait(977 * time.Millisecond)
				app.turns(fmt.Sprintf(`"%d"`, i), fmt.Sprint(i))
			}
		})
		for i := range 100 {
			readers.Go(func() {
				w, err := s.watch("alice", "/doc")
				if err != nil {
					t.Error(err)
					return
				}
				defer w.Close()
				m, _, _ := w.Now("", nil)
				for n := range 100 {
					s.wait(time.Duration(i*7919+n*104729) * time.Microsecond % time.Second)
					woken := make(chan struct{}, 1)
					newer, ok, err := w.Now(m.Tag, func() { woken <- struct{}{} })
					if !ok && err == nil {
						select {
						case <-woken:
							newer, ok, err = w.Now(m.Tag, nil)
						case <-time.After(time.Second + lastTick):
						}
					}
					if !ok || err != nil {
						t.Errorf("had %s and was told %v, %v; want news", m.Body, ok, err)
						return
					}
					m = newer
				}
			})
		}
		readers.Wait()
		cancel()
		edits()
	})
}
