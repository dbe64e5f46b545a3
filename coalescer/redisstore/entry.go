package redisstore

import (
	"sync"
	"time"
)

// entry is a name that is watched, waited for, or was so lately. board.mu
// guards it.
type entry struct {
	line    *line         // that it is subscribed on, nil while on none
	news    chan struct{} // closed and replaced when a hint comes
	visits  int
	watches map[*watch]struct{}
	used    time.Time

	value string  // the newest state that is known, "" if none
	token uint64  // of the newest state that was heard of
	sum   [8]byte // of its tag
	clock reading // the last look at the clock of the server that has it
}

func newEntry() *entry {
	return &entry{news: make(chan struct{}), watches: make(map[*watch]struct{})}
}

// wake has all who wait look.
func (e *entry) wake() {
	close(e.news)
	e.news = make(chan struct{})
}

func (e *entry) idle() bool { return e.visits == 0 && len(e.watches) == 0 }

// learn takes note of a state, of which value may be the head alone, and
// reports whether its tag is news.
func (e *entry) learn(h head) (changed bool) {
	if h.token < e.token {
		return false
	}
	changed = e.token == 0 || h.sum != e.sum
	e.token, e.sum = h.token, h.sum
	return changed
}

// watch is somebody who wants to hear of changes.
type watch struct {
	changed func()

	mu      sync.Mutex // held while changed runs, so that stop waits for it
	stopped bool
}

func (w *watch) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		w.changed()
	}
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
}
