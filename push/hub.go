package push

import (
	"bufio"
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// Hub owns every connection on which something is watched: how many there may
// be, and how they are told to go.
type Hub struct {
	// Set by New, then read-only.
	options Options
	frames  *frames
	signals *signals
	pending *pending
	buffers sync.Pool      // of connections that write
	readers sync.Pool      // of connections that are read
	ears    sync.WaitGroup // of WebSockets

	bounds atomic.Pointer[Options] // of which those count that Rebound names

	mu          sync.Mutex
	handshakes  *pace // guarded by mu
	closed      bool  // nobody may join; guarded by mu
	connections map[*membership]struct{}
	identities  map[coalescer.Identity]int // admitted, of each
	admitted    int
	empty       chan struct{} // closed when closed is set and the last one has left
}

// membership is one joining: a Leaver may be any value.
type membership struct {
	Leaver
	old  *time.Timer
	stay func() bool // gives up what would end it with its connection; nil where nothing would
}

// New returns a hub without connections.
func New(o Options) *Hub {
	o = o.withDefaults()
	h := &Hub{
		options:     o,
		frames:      newFrames(),
		signals:     newSignals(),
		handshakes:  newPace(o.HandshakesPerSecond),
		pending:     newPending(o.PendingBytes),
		connections: map[*membership]struct{}{},
		identities:  map[coalescer.Identity]int{},
		empty:       make(chan struct{}),
	}
	h.readers.New = func() any { return bufio.NewReaderSize(nil, readBuffer) }
	h.bounds.Store(&o)
	return h
}

// Rebound changes Watchers, PerIdentity, HandshakesPerSecond, ReconnectsPerSecond
// and Spread to those of o. Nobody who is here is sent away for that.
func (h *Hub) Rebound(o Options) {
	o = o.withDefaults()
	before := h.bounds.Swap(&o)
	if before.HandshakesPerSecond == o.HandshakesPerSecond {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.handshakes = newPace(o.HandshakesPerSecond)
}

// Join registers a connection that has been admitted, until leave is called:
// once everything of it has ended. When it is old it is told to come back, and
// when what the request came on is to be left. It is not ok once the hub is
// closing; then nobody will tell the connection to go.
func (h *Hub) Join(request context.Context, c Leaver) (leave func(), ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, false
	}
	age := h.options.MaxAge/2 + rand.N(h.options.MaxAge)
	restart := func() { c.Leave(Farewell{Code: CloseRestart}) }
	m := &membership{Leaver: c, old: time.AfterFunc(age, restart)}
	if leaving := h.options.Leaving(request); leaving.Done() != nil {
		m.stay = context.AfterFunc(leaving, restart)
	}
	h.connections[m] = struct{}{}
	return func() { h.part(m) }, true
}

// part may be called repeatedly.
func (h *Hub) part(m *membership) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, here := h.connections[m]; !here {
		return
	}
	m.old.Stop()
	if m.stay != nil {
		m.stay()
	}
	delete(h.connections, m)
	if h.closed && len(h.connections) == 0 {
		close(h.empty)
	}
}

// Count returns how many connections have joined and not left.
func (h *Hub) Count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.connections)
}

// Close sends whoever is left away at once, and waits until they have gone,
// which their write timeout bounds. It may be called repeatedly.
func (h *Hub) Close() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // no time for a spread
	h.Drain(ctx)
	<-h.empty
	h.ears.Wait()
}
