package push

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// Hub owns every connection on which something is watched: how many there may
// be, and how they are told to go.
type Hub struct {
	// Set by New, then read-only.
	options    Options
	frames     *frames
	signals    *signals
	handshakes *pace
	buffers    sync.Pool // of connections that write

	mu          sync.Mutex
	closed      bool // nobody may join; guarded by mu
	connections map[*membership]struct{}
	identities  map[coalescer.Identity]int // admitted, of each
	admitted    int
	empty       chan struct{} // closed when closed is set and the last one has left
}

// membership is one joining: a Leaver may be any value.
type membership struct {
	Leaver
	old *time.Timer
}

// New returns a hub without connections.
func New(o Options) *Hub {
	o = o.withDefaults()
	return &Hub{
		options:     o,
		frames:      newFrames(),
		signals:     newSignals(),
		handshakes:  newPace(o.HandshakesPerSecond),
		connections: map[*membership]struct{}{},
		identities:  map[coalescer.Identity]int{},
		empty:       make(chan struct{}),
	}
}

// Join registers a connection that has been admitted, until leave is called:
// once everything of it has ended. When it is old it is told to come back. It is
// not ok once the hub is closing; then nobody will tell the connection to go.
func (h *Hub) Join(c Leaver) (leave func(), ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, false
	}
	age := h.options.MaxAge/2 + rand.N(h.options.MaxAge)
	m := &membership{c, time.AfterFunc(age, func() { c.Leave(Farewell{Code: CloseRestart}) })}
	h.connections[m] = struct{}{}
	return sync.OnceFunc(func() { h.part(m) }), true
}

func (h *Hub) part(m *membership) {
	m.old.Stop()
	h.mu.Lock()
	defer h.mu.Unlock()
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
}
