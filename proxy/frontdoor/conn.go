package frontdoor

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// linger is how long a closing connection goes on reading what its client still sends: closing with bytes unread
// resets the connection, and the client may lose the answer that we just gave (RFC 9112 §9.6).
const linger = 2 * time.Second

// What the first Write after a head is allowed to be: an exchange has one final answer, ours or the handler's.
const (
	unanswered int32 = iota
	answered
	answeredMalformed
)

// A conn is an HTTP/1 connection as net/http sees it: its Read gives out vetted bytes only, and no Read gives out bytes
// of two messages.
//
// net/http reads one byte ahead in the background while a handler runs, to notice a client that hangs up. That Read has
// no deadline until one in the past ends it. It may see the next request arrive, and even vet it, so what a handler
// needs to know of its request comes from a queue (next), never from "the head that was read last".
type conn struct {
	net.Conn // *socket, or the *tls.Conn over it
	socket   *socket
	header   time.Duration // for a head to arrive whole, from its first byte
	stall    time.Duration // for a byte of a body

	in     stream    // owned by the reader
	headBy time.Time // owned by the reader
	lane   *lane     // nil without one

	// isAtRest is set when net/http says that the connection is idle: all that was asked has its whole answer, no Read
	// is in progress, and the next is that for the next request. It is unset with the first byte that net/http is given.
	// Atomic because over HTTP/2, which has no use for it, it is set from another goroutine.
	isAtRest atomic.Bool

	answer   atomic.Int32
	whole    atomic.Uint64 // messages that were handed on to their last byte
	ended    atomic.Bool   // nothing more is read
	lingers  atomic.Bool   // closing gives the client time to see the answer
	closing  atomic.Bool
	hijacked atomic.Bool

	mu      sync.Mutex  // guards what follows
	heads   [2]exchange // vetted, not yet taken: one for the handler that is about to start, one read ahead
	queued  int
	asked   time.Time // read deadline set from above
	own     time.Time // ours for the Read in progress
	applied time.Time // to the connection below
	reading bool
}

// A secureConn lets net/http find the TLS state of a connection that is no *tls.Conn.
type secureConn struct {
	*conn
	state tls.ConnectionState
}

func (c secureConn) ConnectionState() tls.ConnectionState { return c.state }

func (c *conn) Read(p []byte) (int, error) {
	for len(p) > 0 {
		if c.ended.Load() {
			return 0, io.EOF
		}
		complete, f := c.in.advance()
		if f != nil {
			return 0, c.refuseBody(f)
		}
		if complete && c.answerHead() {
			continue
		}
		if complete {
			c.queue()
		}
		if err := c.flush(); err != nil {
			return 0, err
		}
		n, err := c.in.deliver(p), error(nil)
		if n == 0 && c.in.phase == refused {
			return 0, io.EOF
		}
		if n == 0 {
			n, err = c.receive(p)
		}
		if c.in.idle() {
			c.whole.Store(c.in.messages)
		}
		if n > 0 || err != nil {
			c.leaveRest()
			return n, err
		}
	}
	return 0, nil
}

// receive takes bytes from the client: into p if they need no vetting, in which case it returns their number, else into
// the stream. An idle connection waits with p as its only buffer.
func (c *conn) receive(p []byte) (int, error) {
	if direct := c.in.direct(p); direct != nil {
		n, err := c.wait(direct)
		if c.in.phase == inData {
			c.in.took(n)
		}
		return n, err
	}
	if c.in.buf == nil {
		n, err := c.wait(p)
		if rest := c.answerKnown(p[:n]); len(rest) > 0 {
			c.in.push(rest)
		}
		return 0, err
	}
	n, err := c.wait(c.in.space(1))
	c.in.grow(n)
	return 0, err
}

func (c *conn) Write(p []byte) (int, error) {
	if c.answer.Load() != answered && !c.mayAnswer(p) {
		return 0, ErrMalformed
	}
	return c.Conn.Write(p)
}

// Unvetted returns what a hijacked connection reads from, so that an owner who keeps it for long need not keep what
// vetting took: the client's socket, or TLS over that. Where bytes came with the head, which only Read gives out, it is
// the connection itself.
func (c *conn) Unvetted() net.Conn {
	if !c.hijacked.Load() || c.in.buf != nil {
		return c
	}
	return c.Conn
}

// CloseWrite ends our half of the connection: with a FIN, or with TLS's close_notify.
func (c *conn) CloseWrite() error { return closeWrite(c.Conn) }

// Close closes the connection. One that ends before its client expects it reads on for a while, so that the client gets
// to see the answer. One that is being answered in the lane, of which net/http does not know, is closed behind the answer.
func (c *conn) Close() error {
	if c.lane.closesLater() {
		return nil
	}
	if !c.closing.Swap(true) && c.lingers.Load() && !c.socket.closed.Load() {
		_ = c.CloseWrite()
		_ = c.Conn.SetReadDeadline(time.Now().Add(linger))
		_, _ = io.Copy(io.Discard, c.Conn) // ends with the client's end, an error, or the deadline: all the same here
	}
	return c.Conn.Close()
}

// hijack ends the vetting. net/http has ended its Read before it calls, so the stream is ours to touch.
func (c *conn) hijack() {
	c.hijacked.Store(true)
	c.socket.server.hijacked.Add(1)
	c.socket.liberate()
	c.in.phase = inTunnel
	c.lane.forget()
}

// end makes the connection close after the answer in progress, in a way that lets the client see it.
func (c *conn) end() {
	c.lingers.Store(true)
	c.stop()
}

// stop ends reading: nothing more is given out, not even by a Read that waits.
func (c *conn) stop() {
	c.ended.Store(true)
	_ = c.SetReadDeadline(time.Unix(1, 0)) // fails only on a connection that is closed
}
