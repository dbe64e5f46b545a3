package push_test

import (
	"net"
	"sync"
	"time"
)

// attentive is a connection in memory that tells when it can be read: it reads one byte
// ahead for that.
type attentive struct {
	net.Conn

	mu    sync.Mutex
	until time.Time     // the deadline; guarded by mu, as all that follows
	ahead chan struct{} // closed when the byte has come; nil while nobody reads ahead
	byte  []byte
}

// Await implements [push.Readiness].
func (a *attentive) Await(wake func()) bool {
	done := make(chan struct{})
	a.mu.Lock()
	a.ahead = done
	a.mu.Unlock()
	go func() {
		b := make([]byte, 1)
		n, _ := a.Conn.Read(b) // an error comes again
		a.mu.Lock()
		a.byte = b[:n]
		a.mu.Unlock()
		close(done)
		wake()
	}()
	return true
}

// Stop implements [push.Readiness].
func (a *attentive) Stop() {
	a.mu.Lock()
	ahead := a.ahead
	a.Conn.SetReadDeadline(time.Unix(1, 0))
	a.mu.Unlock()
	if ahead != nil {
		<-ahead
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ahead = nil
	a.Conn.SetReadDeadline(a.until)
}

func (a *attentive) Read(p []byte) (int, error) {
	a.mu.Lock()
	n := copy(p, a.byte)
	a.byte = a.byte[n:]
	a.mu.Unlock()
	if n > 0 {
		return n, nil
	}
	return a.Conn.Read(p)
}

func (a *attentive) SetReadDeadline(t time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.until = t
	return a.Conn.SetReadDeadline(t)
}

func (a *attentive) SetDeadline(t time.Time) error {
	a.SetReadDeadline(t)
	return a.Conn.SetWriteDeadline(t)
}
