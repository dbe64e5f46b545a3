package push

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// Witness hears how one fares who watches. None of its functions may be nil; each
// must return at once, and one is called at a time.
type Witness struct {
	Began  func()                    // the watch was let in
	Told   func(*coalescer.Snapshot) // a state was written; word that there is one is none
	Failed func()                    // we have not kept the watch; at most once
	Ended  func()                    // the last that is heard
}

// testimony is what there is to tell the witness of one pursuit; without one
// nothing. It belongs to whose turn it is.
type testimony struct {
	*Witness
	failed bool
	woken  atomic.Int64 // when there was news; Unix nanoseconds, 0 where none has come by itself
	wake   func()
}

func (t *testimony) begin(w *Witness) {
	if t.Witness = w; w != nil {
		w.Began()
	}
}

func (t *testimony) end() {
	if t.Witness != nil {
		t.Ended()
	}
}

// waking returns what is to be called when there is news, which calls wake.
func (t *testimony) waking(wake func()) func() {
	if t.Witness == nil {
		return wake
	}
	if t.wake == nil {
		t.wake = func() {
			t.woken.Store(time.Now().UnixNano())
			wake()
		}
	}
	return t.wake
}

// writes is told that a state is about to be written. Nothing was being written when
// its news came, or nobody would have been woken: however slow the client is, if that
// is longer ago than a client is given to take it in, it is our doing.
func (t *testimony) writes(limit time.Duration) {
	woken := t.woken.Swap(0)
	if woken != 0 && time.Since(time.Unix(0, woken)) > limit {
		t.fail()
	}
}

// wrote is told of each state that was written.
func (t *testimony) wrote(s *coalescer.Snapshot) {
	if t.Witness != nil {
		t.Told(s)
	}
}

// fail is told of what we have not kept.
func (t *testimony) fail() {
	if t.Witness != nil && !t.failed {
		t.failed = true
		t.Failed()
	}
}

// isOurs reports whether a watch ended by our own doing: the client was let in and
// then the document could not be told in its transport's terms. What fails while
// writing is the client's going away or its network, upstream's word and a farewell
// are kept promises.
func isOurs(err error) bool { return errors.Is(err, ErrUnpushable) }
