package redistest

import (
	"bufio"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Wire is an address that leads to a server, and a wire between that can be cut.
type Wire struct {
	Addr string

	target   string
	lose     func() bool // whether a message to subscribers is lost; nil: none is
	listener net.Listener
	carrying sync.WaitGroup

	mu    sync.Mutex
	cut   bool          // guarded by mu, as the rest
	delay time.Duration // of every reply
	ends  map[net.Conn]struct{}
}

// NewWire returns a wire to target that ends with the test.
func NewWire(t testing.TB, target string) *Wire { return newWire(t, target, nil) }

// NewLossyWire is NewWire, but of what is published to subscribers the messages are
// lost for which lose returns true. It is asked for each, by several goroutines; all
// else arrives.
func NewLossyWire(t testing.TB, target string, lose func() bool) *Wire {
	return newWire(t, target, lose)
}

func newWire(t testing.TB, target string, lose func() bool) *Wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listening: %v", err)
	}
	w := &Wire{Addr: l.Addr().String(), target: target, lose: lose, listener: l, ends: make(map[net.Conn]struct{})}
	w.carrying.Go(w.accept)
	t.Cleanup(func() {
		l.Close()
		w.Cut(true)
		w.carrying.Wait()
	})
	return w
}

// Cut ends all connections, and lets no new one through until it is called with
// false.
func (w *Wire) Cut(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	for end := range w.ends {
		if cut {
			end.Close()
		}
	}
}

// Delay has every reply come later.
func (w *Wire) Delay(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delay = d
}

func (w *Wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.carrying.Go(func() { w.carry(client) })
	}
}

func (w *Wire) carry(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", w.target)
	if err != nil {
		return
	}
	defer server.Close()
	if !w.join(client, server) {
		return
	}
	defer w.leave(client, server)
	w.carrying.Go(func() {
		io.Copy(server, client)
		server.Close()
	})
	w.reply(client, server)
}

func (w *Wire) reply(client io.Writer, server io.Reader) {
	if w.lose != nil {
		server = &sieve{from: bufio.NewReader(server), lose: w.lose}
	}
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		if d := w.currentDelay(); d > 0 {
			<-time.After(d)
		}
		if _, broken := client.Write(buffer[:n]); err != nil || broken != nil {
			return
		}
	}
}

func (w *Wire) currentDelay() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.delay
}

func (w *Wire) join(ends ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, end := range ends {
		w.ends[end] = struct{}{}
	}
	return !w.cut
}

func (w *Wire) leave(ends ...net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, end := range ends {
		delete(w.ends, end)
	}
}
