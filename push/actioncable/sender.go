package actioncable

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gorilla/websocket"
)

// sender is the sending side of a socket. Frames are written one at a time, by
// whoever sends them: those who wait for their turn are the only queue, and each
// of them has one frame.
type sender struct {
	conn    *websocket.Conn
	timeout time.Duration

	turn   chan struct{} // holds a value while frames are written
	closed bool          // nothing may follow; belongs to whose turn it is
}

var errClosed = errors.New("the socket is closed")

func newSender(conn *websocket.Conn, timeout time.Duration) sender {
	return sender{conn: conn, timeout: timeout, turn: make(chan struct{}, 1)}
}

// say writes a text message, unless ctx has ended when its turn comes.
func (s *sender) say(ctx context.Context, message string) error {
	return s.take(ctx, func() error { return s.conn.WriteMessage(websocket.TextMessage, []byte(message)) })
}

// send writes a text message that is made when its turn comes.
func (s *sender) send(ctx context.Context, message func() []byte) error {
	return s.take(ctx, func() error { return s.conn.WriteMessage(websocket.TextMessage, message()) })
}

// probe asks the peer for a sign of life that its socket gives by itself.
func (s *sender) probe(ctx context.Context) error {
	return s.take(ctx, func() error { return s.conn.WriteMessage(websocket.PingMessage, nil) })
}

// last writes what is said last. Later calls write nothing.
func (s *sender) last(ctx context.Context, g goodbye) error {
	return s.take(ctx, func() error {
		s.closed = true
		if g.reason != "" {
			if err := s.conn.WriteMessage(websocket.TextMessage, []byte(g.frame())); err != nil {
				return err
			}
		}
		return s.conn.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(g.code, g.because))
	})
}

// take waits for its turn to write. Where that fails, the socket is over.
func (s *sender) take(ctx context.Context, write func() error) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	switch {
	case ctx.Err() != nil: // an ended subscription says no more
		return ctx.Err()
	case s.closed:
		return errClosed
	}
	s.conn.SetWriteDeadline(time.Now().Add(s.timeout))
	if err := write(); err != nil {
		s.closed = true
		s.conn.Close()
		return fmt.Errorf("writing to the client: %w", err)
	}
	return nil
}
