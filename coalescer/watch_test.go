package coalescer_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/etag"
)

func TestEveryWatcherIsToldOfAChangeAtTheTick(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		var readers []*reader
		for range 100 {
			readers = append(readers, s.read("alice", "/doc", ""))
		}
		for _, r := range readers {
			r.wantRead("one")
		}
		began := time.Now()
		app.turns(`"v2"`, "two")
		s.wait(time.Minute)
		for _, r := range readers {
			r.wantRead("two")
			if took := r.last.Sub(began); took > lastTick+app.latency || r.last != readers[0].last {
				t.Errorf("told after %v, want all at the same tick", took)
			}
			r.leave()
		}
	})
}

func TestWhoHasTheCurrentStateIsToldNothing(t *testing.T) {
	for _, has := range []etag.Tag{`"v1"`, `W/"v1"`} {
		play(t, watching(), func(s *scene) {
			app := newSheet(`"v1"`, "one")
			s.up.does(app.answer)
			r := s.read("alice", "/doc", has)
			s.wait(time.Minute)
			r.wantRead()
			app.turns(`"v2"`, "two")
			s.wait(lastTick + time.Second)
			r.wantRead("two")
			r.leave()
		})
	}
}

func TestWhoHasAnUnknownStateIsToldTheCurrentOne(t *testing.T) {
	play(t, watching(), func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one").answer)
		r := s.read("alice", "/doc", `"of last year"`)
		r.wantRead("one")
		r.leave()
	})
}

// GitLab's tags change twenty minutes after the last edit, too. However often
// that is, it is no news, and who was told of the body under an earlier tag
// still has it.
func TestATagThatChangesWithoutItsBodyTellsNobody(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		r := s.read("alice", "/doc", "")
		r.wantRead("one")
		resumed := s.read("alice", "/doc", `"v1"`)
		for i := range 30 {
			app.turns(fmt.Sprintf(`"v1.%d"`, i), "one")
			s.wait(10 * time.Second)
		}
		r.wantRead()
		resumed.wantRead()
		late := s.read("alice", "/doc", `"v1.25"`)
		late.wantRead()
		app.turns(`"v2"`, "two")
		s.wait(10 * time.Second)
		for _, r := range []*reader{r, resumed, late} {
			r.wantRead("two")
			r.leave()
		}
	})
}

func TestA304TellsNobody(t *testing.T) {
	play(t, watching(), func(s *scene) {
		s.up.does(newSheet(`W/"v1"`, "one", "Poll-Interval: 3000").answer)
		r := s.read("alice", "/doc", "")
		r.wantRead("one")
		s.up.saw()
		s.wait(45 * time.Second)
		r.wantRead()
		r.leave()
		for _, line := range s.up.saw() {
			if line != `watch alice /doc If-None-Match: W/"v1"` {
				t.Errorf("upstream saw %s, want revalidations of the watch alone", line)
			}
		}
	})
}

func TestASlowReaderSkipsToTheNewestState(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v0"`, "0")
		s.up.does(app.answer)
		w := s.mustWatch("alice", "/doc")
		defer w.Close()
		m, _ := w.Next(context.Background(), "")
		fast := s.read("alice", "/doc", m.Tag)
		for i := range 5 {
			app.turns(fmt.Sprintf(`"v%d"`, i+1), fmt.Sprint(i+1))
			s.wait(lastTick + time.Second)
		}
		newest, err := w.Next(context.Background(), m.Tag)
		if err != nil || string(newest.Body) != "5" || newest.Offset != m.Offset+5 || newest.Epoch != m.Epoch {
			t.Errorf("the slow one got %s at %d (%v), want 5 at %d", newest.Body, newest.Offset, err, m.Offset+5)
		}
		fast.wantRead("1", "2", "3", "4", "5")
		fast.leave()
	})
}

// A state that comes back while a slow reader looks away is the one it has.
func TestAStateThatReturnsIsNoNewsToWhoNeverSawItGo(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		w := s.mustWatch("alice", "/doc")
		defer w.Close()
		for _, tag := range []string{`"v2"`, `"v1"`} {
			app.turns(tag, "state "+tag)
			s.wait(lastTick + time.Second)
		}
		if m, err := w.Next(s.until(time.Second), `"v1"`); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, %v, want nothing", m, err)
		}
	})
}

func TestOffsetsCountTheStatesOfALife(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		began := uint64(time.Now().UnixNano())
		r := s.read("alice", "/doc", "")
		app.turns(`"v1b"`, "one")
		s.wait(2 * lastTick)
		app.turns(`"v2"`, "two")
		s.wait(2 * lastTick)
		moments := r.saw()
		if len(moments) != 2 || moments[0].Offset != 1 || moments[1].Offset != 2 ||
			moments[0].Epoch != began || moments[1].Epoch != began {
			t.Errorf("got %+v, want offsets 1 and 2 of epoch %d", moments, began)
		}
		r.leave()
	})
}

// A state is taken, time passes, and a watch begins: whatever changes in between
// must be told. 10,000 of these meet changes at any moment.
func TestNoChangeIsLostBetweenASnapshotAndItsWatch(t *testing.T) {
	times := 100 // that each of a crowd watches
	if brief() {
		times = 30
	}
	play(t, watching(), func(s *scene) {
		s.up.forgets = true
		app := newSheet(`"0"`, "0")
		s.up.does(app.answer)
		ctx, cancel := context.WithCancel(context.Background())
		edits := s.soon(func() {
			for i := 1; ctx.Err() == nil; i++ {
				s.wait(977 * time.Millisecond)
				app.turns(fmt.Sprintf(`"%d"`, i), fmt.Sprint(i))
			}
		})
		crowd(100, func(i int) told {
			for n := range times {
				s.wait(time.Duration(i*7919+n*104729) * time.Microsecond % time.Second)
				s.noChangeIsLost(time.Duration(i*n) * time.Millisecond % (50 * time.Millisecond))
			}
			return told{}
		})
		cancel()
		edits()
	})
}

// noChangeIsLost polls, and after a pause watches from there: while the page
// changes every second it is told within a tick.
func (s *scene) noChangeIsLost(pause time.Duration) {
	has := s.get("alice", "/doc")
	s.wait(pause)
	w := s.mustWatch("alice", "/doc")
	defer w.Close()
	m, err := w.Next(s.until(time.Second+lastTick), etag.Of(has.header))
	if err != nil || string(m.Body) == has.body {
		s.t.Errorf("had %s and was told %q, %v; want news", has.body, m.Body, err)
	}
}

func TestNextReturnsTheContextsError(t *testing.T) {
	play(t, watching(), func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one").answer)
		w := s.mustWatch("alice", "/doc")
		defer w.Close()
		if _, err := w.Next(s.until(time.Second), `"v1"`); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	})
}

func TestAWatchMayBeClosedAgain(t *testing.T) {
	play(t, watching(), func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one").answer)
		w := s.mustWatch("alice", "/doc")
		r := s.read("alice", "/doc", "")
		w.Close()
		w.Close()
		s.up.saw()
		s.wait(lastTick)
		s.wantCalls("while one still watches", map[string]int{"watch": 1}, map[string]int{"watch": 1})
		r.leave()
	})
}

// The same body is everyone's, without being copied.
func TestAMomentHoldsTheSharedSnapshot(t *testing.T) {
	play(t, watching(), func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one", "Content-Type: text/plain").answer)
		w := s.mustWatch("alice", "/doc")
		defer w.Close()
		m, _ := w.Next(context.Background(), "")
		polled := s.get("alice", "/doc")
		if &m.Body[0] != &polled.answer.Snapshot.Body[0] || m.Tag != `"v1"` || m.Header.Get("Content-Type") != "text/plain" ||
			m.Header["Content-Length"] != nil || m.Header.Get("ETag") != polled.header.Get("ETag") {
			t.Errorf("got %+v, want what polls get, %+v", m, polled.answer.Snapshot)
		}
	})
}
