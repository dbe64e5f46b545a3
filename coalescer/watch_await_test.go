package coalescer_test

import (
	"context"
	"testing"
	"time"
)

func TestAwaitReturnsWhenTheDocumentMayHaveChanged(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		s.want(s.get("alice", "/doc"), "200 fetched one")
		s.up.saw()
		began := time.Now()
		waiting := s.soon(func() {
			s.c.Await(s.until(time.Hour), s.poll("alice", "/doc"), `"v1"`)
			s.want(s.get("alice", "/doc", `If-None-Match: "v1"`), "200 hit two")
		})
		s.wait(30 * time.Second)
		s.wantCalls("waiting", map[string]int{"watch": 8}, map[string]int{"watch": 10})
		app.turns(`"v2"`, "two")
		waiting()
		if took := time.Since(began); took > 30*time.Second+2*lastTick {
			t.Errorf("took %v, want at most a tick after the change", took)
		}
		s.up.saw()
		s.wait(time.Hour)
		s.up.wantSaw()
	})
}

func TestAwaitReturnsAtOnceIfTheDocumentHasChangedAlready(t *testing.T) {
	play(t, watching(), func(s *scene) {
		s.up.does(newSheet(`"v2"`, "two").answer)
		s.get("alice", "/doc")
		began := time.Now()
		s.c.Await(context.Background(), s.poll("alice", "/doc"), `"v1"`)
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v, want no time", took)
		}
	})
}

func TestAwaitReturnsWhenTheDocumentIsRefused(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		s.get("alice", "/doc")
		app.tells("alice", says(401))
		s.c.Await(s.until(lastTick+time.Second), s.poll("alice", "/doc"), `"v1"`)
		s.want(s.get("alice", "/doc"), "401 bypassed (status) Unauthorized")
	})
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	play(t, watching(), func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one").answer)
		s.get("alice", "/doc")
		began := time.Now()
		s.c.Await(s.until(time.Minute), s.poll("alice", "/doc"), `"v1"`)
		if took := time.Since(began); took != time.Minute {
			t.Errorf("took %v, want %v", took, time.Minute)
		}
		s.up.saw()
		s.wait(time.Hour)
		s.up.wantSaw()
	})
}
