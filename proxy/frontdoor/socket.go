package frontdoor

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A socket is an accepted connection below TLS. It counts towards the server's limit until it is closed, and gives up
// on a client that takes no byte for stall while we write. A write that times out after some bytes goes on under a new
// deadline, so no transfer is cut for being slow; as the kernel does not say when it took the last byte, that may have
// been up to two stalls ago. It has to be below TLS, whose connections do not survive a write that timed out half-way.
type socket struct {
	net.Conn
	server *Server
	source netip.Prefix  // as the gate counts it
	stall  time.Duration // 0: never
	free   atomic.Bool   // hijacked: its owner has its own limits
	used   atomic.Bool   // a byte came
	closed atomic.Bool
	tenure

	mu    sync.Mutex
	asked time.Time // write deadline set from above; guarded by mu
}

func (s *socket) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if n > 0 && !s.used.Load() {
		s.used.Store(true)
	}
	return n, err
}

func (s *socket) Write(p []byte) (n int, err error) {
	err = s.whileTaken(func() (int, error) {
		m, err := s.Conn.Write(p[n:])
		n += m
		return m, err
	})
	return n, err
}

// WriteBuffers writes all of b, in one system call where the kernel takes it.
func (s *socket) WriteBuffers(b *net.Buffers) error {
	return s.whileTaken(func() (int, error) {
		m, err := b.WriteTo(s.Conn)
		return int(m), err
	})
}

// whileTaken has write go on, under one deadline after the other, as long as the client takes something. What write
// returns is how much that was.
func (s *socket) whileTaken(write func() (int, error)) error {
	if s.stall == 0 || s.free.Load() {
		_, err := write()
		return err
	}
	for {
		if err := s.extend(); err != nil {
			return err
		}
		m, err := write()
		if err == nil || m == 0 || !errors.Is(err, os.ErrDeadlineExceeded) || s.expired() {
			return err
		}
	}
}

func (s *socket) extend() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Conn.SetWriteDeadline(earlier(s.asked, time.Now().Add(s.stall)))
}

func (s *socket) expired() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.asked.IsZero() && !s.asked.After(time.Now())
}

// SetWriteDeadline sets the deadline of the next Write, or of the one in progress if t is not zero.
func (s *socket) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = t
	if t.IsZero() && s.stall != 0 && !s.free.Load() {
		return nil // the next Write sets its own
	}
	return s.Conn.SetWriteDeadline(t)
}

// liberate ends our limits, the deadline that the last Write has left included.
func (s *socket) liberate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free.Store(true)
	_ = s.Conn.SetWriteDeadline(s.asked) // fails only on a connection that is closed
}

// SetDeadline sets both deadlines.
func (s *socket) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}

// SyscallConn returns the descriptor, by which to know when there is something to read.
func (s *socket) SyscallConn() (syscall.RawConn, error) {
	if below, ok := s.Conn.(syscall.Conn); ok {
		return below.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// CloseWrite ends our half of the connection.
func (s *socket) CloseWrite() error { return closeWrite(s.Conn) }

// Close closes the connection and gives its place to another.
func (s *socket) Close() error {
	err := s.Conn.Close()
	if !s.closed.Swap(true) {
		s.server.forget(s)
	}
	return err
}

// reset closes the connection so that the client sees an error and not an end.
func (s *socket) reset() {
	if l, ok := s.Conn.(interface{ SetLinger(sec int) error }); ok {
		_ = l.SetLinger(0) // a socket that is closed already needs none
	}
	_ = s.Close()
}

func closeWrite(c net.Conn) error {
	if w, ok := c.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return errors.ErrUnsupported
}

// earlier returns the earlier of two deadlines; the zero time is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
