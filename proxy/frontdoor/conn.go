package frontdoor

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// linger is how long a closing connection goes on reading what its client still sends: closing with bytes unread
// resets the connection, and the client may lose the answer that we just gave (RFC 9112 §9.6).
const linger = 2 * time.Second

var errStalled = errors.New("the client stalled")

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

	answer   atomic.Int32
	whole    atomic.Uint64 // messages that were handed on to their last byte
	ended    atomic.Bool   // nothing more is read
	lingers  atomic.Bool   // closing waits for the client to have seen the answer
	closing  atomic.Bool
	hijacked atomic.Bool

	mu      sync.Mutex
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
		if complete {
			c.queue()
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
		c.in.push(p[:n])
		return 0, err
	}
	n, err := c.wait(c.in.space(1))
	c.in.grow(n)
	return 0, err
}

// wait reads from the connection below, under the deadline that suits what we wait for.
func (c *conn) wait(p []byte) (int, error) {
	if err := c.begin(); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	c.reading = false
	ours := !c.own.IsZero() && (c.asked.IsZero() || c.own.Before(c.asked))
	c.mu.Unlock()
	if n > 0 {
		return n, nil // an error comes again
	}
	if err != nil && c.ended.Load() {
		return 0, io.EOF
	}
	if ours && c.in.phase != inHead && errors.Is(err, os.ErrDeadlineExceeded) {
		c.ended.Store(true) // or net/http would wait for the rest of the body once more, to drop it
		return 0, fmt.Errorf("%w: %w", errStalled, err)
	}
	return 0, err
}

// begin sets the deadline of a Read. The lock makes it one step with SetReadDeadline: a deadline in the past, by which
// net/http ends a Read, must not be overwritten by ours.
func (c *conn) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading = true
	c.own = c.limit()
	return c.apply(earlier(c.asked, c.own))
}

// limit is our own deadline for a Read. c.mu is held. A head has none while net/http only reads ahead (it asked for no deadline):
// a pipelined request that is slow must not end the one before it.
func (c *conn) limit() time.Time {
	switch c.in.phase {
	case inTunnel, refused:
		return time.Time{}
	case inHead:
		if c.in.buf == nil {
			c.headBy = time.Time{}
		} else if c.headBy.IsZero() && !c.asked.IsZero() {
			c.headBy = time.Now().Add(c.header)
		}
		if c.asked.IsZero() {
			return time.Time{}
		}
		return c.headBy
	}
	if c.stall == 0 {
		return time.Time{}
	}
	return time.Now().Add(c.stall)
}

func (c *conn) apply(t time.Time) error {
	if t.Equal(c.applied) {
		return nil
	}
	c.applied = t
	return c.Conn.SetReadDeadline(t)
}

// SetReadDeadline sets the deadline of the next Read, and of the one in progress. Our own limits stay in force.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = t
	if !c.reading {
		return nil
	}
	return c.apply(earlier(t, c.own))
}

// SetDeadline sets both deadlines.
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *conn) Write(p []byte) (int, error) {
	if c.answer.Load() != answered && !c.mayAnswer(p) {
		return 0, ErrMalformed
	}
	return c.Conn.Write(p)
}

// CloseWrite ends our half of the connection: with a FIN, or with TLS's close_notify.
func (c *conn) CloseWrite() error { return closeWrite(c.Conn) }

// Close closes the connection. One that ends before its client expects it reads on for a while, so that the client gets
// to see the answer.
func (c *conn) Close() error {
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
	c.socket.free.Store(true)
	c.in.phase = inTunnel
}

// end makes the connection close after the answer in progress: nothing more of it is read, not even by a Read that waits.
func (c *conn) end() {
	c.ended.Store(true)
	c.lingers.Store(true)
	_ = c.SetReadDeadline(time.Unix(1, 0))
}
