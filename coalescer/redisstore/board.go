package redisstore

import (
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// board is the names that this instance wants to hear of: who waits for each
// and what is known of it. Its run keeps the subscriptions.
type board struct {
	// Set by newBoard, then read-only.
	store  *Store
	change chan struct{} // holds one if a name wants another subscription

	mu       sync.Mutex
	entries  map[coalescer.Name]*entry   // guarded by mu, as the rest
	channels map[string]coalescer.Name   // of entries
	unplaced map[coalescer.Name]struct{} // entries on no line
	broken   []*line
	cached   int // bytes of the entries' values

	lines   map[string]*line // by the server's address; owned by run
	readers sync.WaitGroup   // one for each line there ever was
}

func newBoard(s *Store) *board {
	return &board{
		store: s, change: make(chan struct{}, 1),
		entries: make(map[coalescer.Name]*entry), channels: make(map[string]coalescer.Name),
		unplaced: make(map[coalescer.Name]struct{}), lines: make(map[string]*line),
	}
}

// entry returns that of name, and has a new one subscribed. It is called with mu
// held.
func (b *board) entry(name coalescer.Name) *entry {
	e := b.entries[name]
	if e == nil {
		e = newEntry()
		b.entries[name] = e
		b.channels[b.store.channel(name)] = name
		b.unplaced[name] = struct{}{}
		b.changed()
	}
	e.used = time.Now()
	return e
}

// changed has run look.
func (b *board) changed() {
	select {
	case b.change <- struct{}{}:
	default:
	}
}

// Watch is coalescer.Store's. changed must not call stop. It is also called
// when a change may have been missed: once subscribed, at first and again after
// the connection was lost.
func (s *Store) Watch(name coalescer.Name, changed func()) (stop func()) {
	b, w := s.board, &watch{changed: changed}
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entry(name)
	e.watches[w] = struct{}{}
	return func() {
		w.stop()
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(e.watches, w)
		e.used = time.Now()
	}
}

// visit is one wait for somebody else's turn to end.
type visit struct {
	board  *board
	entry  *entry
	placed bool // a subscription was asked for already: its confirmation may have come
}

func (b *board) visit(name coalescer.Name) visit {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entry(name)
	e.visits++
	return visit{board: b, entry: e, placed: e.line != nil}
}

// news returns what is closed when the next hint comes.
func (v visit) news() <-chan struct{} {
	v.board.mu.Lock()
	defer v.board.mu.Unlock()
	return v.entry.news
}

func (v visit) leave() {
	v.board.mu.Lock()
	defer v.board.mu.Unlock()
	v.entry.visits--
	v.entry.used = time.Now()
}

// known returns what is known here of name, if upstream was asked for it less
// than fresh ago. That costs Redis nothing. Whether what is of one identity is void
// by now, Redis alone knows.
func (b *board) known(name coalescer.Name, fresh time.Duration) *coalescer.Said {
	if _, isPrivate := name.Owner(); isPrivate {
		return nil
	}
	value, clock := b.value(name)
	if value == "" || !clock.known() {
		return nil
	}
	h, _, err := parseHead(value)
	if err != nil || time.Since(clock.local(h.asked)) >= fresh || time.Since(clock.local(h.until)) >= 0 {
		return nil
	}
	said, err := b.store.seals.decode(name, value, clock)
	if err != nil {
		return nil // Redis has it, and the error with it
	}
	return said
}

func (b *board) value(name coalescer.Name) (string, reading) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[name]
	if e == nil {
		return "", reading{}
	}
	e.used = time.Now()
	return e.value, e.clock
}

// look takes note of the clock of the server that has name.
func (b *board) look(name coalescer.Name, r reading) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[name]; e != nil {
		e.clock = r
	}
}

// forgetClocks has no state believed before a clock has been read again.
func (b *board) forgetClocks() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.entries {
		e.clock = reading{}
	}
}

// keep takes note of a state that was read.
func (b *board) keep(name coalescer.Name, value string) {
	h, _, err := parseHead(value)
	if err != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[name]; e != nil && h.token >= e.token {
		e.learn(h)
		b.hold(e, value)
	}
}

// outdate drops what is known here of t's name, and what may still come of turns
// before t: this instance has something newer.
func (b *board) outdate(t *turn, s *coalescer.Said) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[t.name]; e != nil && t.token >= e.token {
		e.learn(t.head(s))
		b.hold(e, "")
	}
}

// hold has e keep value, or nothing where it is too large. It is called with mu
// held.
func (b *board) hold(e *entry, value string) {
	b.cached -= len(e.value)
	if len(value) > inlineBytes || b.cached+len(value) > cachedBytes {
		value = ""
	}
	e.value = value
	b.cached += len(value)
}
