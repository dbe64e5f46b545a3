package frontdoor

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

var errStalled = errors.New("the client stalled")

// wait reads from the connection below, under the deadline that suits what we wait for.
func (c *conn) wait(p []byte) (int, error) {
	n, err := c.waitOnce(p)
	for n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && c.prolong() {
		n, err = c.waitOnce(p)
	}
	return n, err
}

func (c *conn) waitOnce(p []byte) (int, error) {
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

// limit is our own deadline for a Read. c.mu is held. A head has none while net/http only reads ahead, which is when it
// asks for no deadline: a pipelined request that is slow must not end the one before it.
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
