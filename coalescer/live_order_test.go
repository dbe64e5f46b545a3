package coalescer_test

import (
	"testing"
	"time"
)

// A client that knows the newest state brings its tag. Until a tick has brought
// its body nobody is told of the state before, which that client is beyond.
func TestWhileOnlyTheNewestTagIsKnownNobodyIsToldAnOlderState(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		r := s.read("alice", "/doc", "")
		app.turns(`"v2"`, "two")
		s.want(s.get("alice", "/doc", `If-None-Match: "v2"`), "304 revalidated")
		began := time.Now()
		s.c.Await(s.until(time.Minute), s.poll("alice", "/doc"), `"v2"`)
		if took := time.Since(began); took != time.Minute {
			t.Errorf("who has v2 was woken after %v, want %v", took, time.Minute)
		}
		r.wantRead("one", "two")
		r.leave()
	})
}

func TestAWatchOfAStateWhoseTagAloneIsKnownFetchesIt(t *testing.T) {
	play(t, watching(), func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one").answer)
		s.want(s.get("alice", "/doc", `If-None-Match: "v1"`), "304 revalidated")
		r := s.read("alice", "/doc", "")
		r.wantRead("one")
		r.leave()
	})
}

// A poll that passed by itself has seen the newest state.
func TestWhoPolledANewerStateIsNotToldAnOlderOne(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		r := s.read("alice", "/doc", "")
		r.wantRead("one")
		app.tells("", page(`"v2"`, "two", "Set-Cookie: a=b"))
		s.wait(lastTick)
		s.want(s.get("alice", "/doc"), "200 bypassed (set-cookie) two")
		w := r.w
		if m, err := w.Next(s.until(time.Millisecond), `"v2"`); err == nil {
			t.Errorf("told %s after v2", m.Tag)
		}
		app.recovers()
		app.turns(`"v2"`, "two")
		s.wait(lastTick)
		r.wantRead("two")
		r.leave()
	})
}

// A tick is under way while a poll passes by itself and sees a newer state: what
// the tick then brings must not send anybody back.
func TestATickThatAPassingPollOvertookBringsNothingOlder(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		app.latency = 0
		s.up.does(app.answer)
		r := s.read("alice", "/doc", "")
		app.tells("", page(`"v1"`, "one", "Set-Cookie: a=b"))
		s.wait(lastTick) // from now on polls pass
		app.tells("", page(`"v2"`, "two").in(2*time.Second))
		s.wait(lastTick)
		app.tells("", page(`"v3"`, "three", "Set-Cookie: a=b"))
		s.want(s.get("alice", "/doc"), "200 bypassed (set-cookie) three")
		s.wait(2 * time.Second)
		if got := s.get("alice", "/doc"); got.body == "two" {
			t.Errorf("after three the poll got %q", got)
		}
		if m, err := r.w.Next(s.until(time.Millisecond), `"v3"`); err == nil {
			t.Errorf("after three the watcher was told %s", m.Body)
		}
		r.leave()
	})
}

// A write puts a second call beside a tick's, and lands first. Which of the two
// is newer cannot be told: whoever waits for the tick is given what is held.
func TestATickThatALaterCallOvertookIsGivenToNobody(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		app.latency = 0
		s.up.does(app.answer)
		r := s.read("alice", "/doc", "")
		app.tells("", page(`"v2"`, "two").in(2*time.Second))
		s.wait(lastTick)
		waits := s.soon(func() { s.want(s.get("alice", "/doc"), "200 hit one") })
		app.recovers()
		s.wrote("alice")
		s.wait(time.Millisecond)
		s.want(s.get("alice", "/doc"), "200 fetched one")
		waits()
		r.wantRead("one")
		app.turns(`"v2"`, "two")
		s.wait(2 * lastTick)
		r.wantRead("two")
		r.leave()
	})
}
