package coalescer

import (
	"testing"
	"time"
)

// What is kept of a write must not be what a clock on the wall shows, which may be set
// back between a call and the write after it.
func TestAWriteIsKeptByTheClockThatNobodySets(t *testing.T) {
	w, who := newWrites(), Identity{1}
	asked := time.Now()
	written := asked.Add(time.Second)
	w.note(who, written)
	if !w.since(who, asked) {
		t.Error("the write is not after what was asked for before it")
	}
	if w.since(who, written.Add(time.Nanosecond)) || w.since(Identity{2}, asked) {
		t.Error("somebody counts as having written who has not")
	}
	a, _ := w.of(&who)
	if kept := a.Load(); time.Duration(kept) > longAgo+time.Minute {
		t.Errorf("kept as %d, a time of the wall clock", kept)
	}
	if !w.since(who, asked.Add(-longAgo/2)) || newWrites().since(who, asked.Add(-longAgo/2)) {
		t.Error("what was told of before this instance was there is taken for written since, or the write for before it")
	}
}
