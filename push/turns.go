package push

import "sync"

// Turns has something done whenever it is asked for, never twice at a time, by a
// goroutine that lives no longer than that. What is asked for meanwhile is done
// next, once. So nobody waits who has nothing to do, and who takes long holds up
// nobody else.
type Turns struct {
	take func()
	work *sync.WaitGroup // the owner's

	mu    sync.Mutex
	taken bool // by a goroutine; guarded by mu, as all that follows
	asked bool // for one more
	over  bool
}

// NewTurns returns turns that do take, in goroutines of work.
func NewTurns(work *sync.WaitGroup, take func()) *Turns { return &Turns{take: take, work: work} }

// Ask has one turn more be taken, unless they are over.
func (t *Turns) Ask() {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.over:
	case t.taken:
		t.asked = true
	default:
		t.taken = true
		t.work.Go(t.run)
	}
}

func (t *Turns) run() {
	for more := true; more; more = t.goOn() {
		t.take()
	}
}

func (t *Turns) goOn() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken, t.asked = t.asked, false
	return t.taken
}

// End lets no more turns be asked for. What has been asked for is still done:
// once End has returned, the owner may wait for the last.
func (t *Turns) End() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
}
