package actioncable

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// read does what the client says until the socket ends. It is the only one who
// reads.
func (s *socket) read(ctx context.Context) {
	s.conn.SetReadLimit(s.MessageBytes)
	s.conn.SetPongHandler(func(string) error { s.heard(ctx); return nil })
	s.conn.SetPingHandler(s.pong)
	for ctx.Err() == nil {
		s.heard(ctx)
		kind, message, err := s.conn.ReadMessage()
		if err != nil {
			s.Log.Debug("a cable has ended", "error", err)
			return // the close frame that is due has been sent: 1009, 1002 or the echo
		}
		s.hear(ctx, kind, message)
	}
}

// pong answers a ping, which is a command as others are.
func (s *socket) pong(payload string) error {
	if !s.commands.spend() {
		s.bye(flooding)
		return errClosed
	}
	err := s.conn.WriteControl(websocket.PongMessage, []byte(payload), time.Now().Add(s.WriteTimeout))
	if errors.Is(err, websocket.ErrCloseSent) {
		return nil
	}
	return err
}

// heard gives the peer time until the next sign of life, except on a socket that
// is being closed.
func (s *socket) heard(ctx context.Context) {
	s.conn.SetReadDeadline(time.Now().Add(s.Silence))
	if ctx.Err() != nil { // looked at last: bye ends it first, and then the reading
		s.conn.SetReadDeadline(time.Now())
	}
}

// hear does what a message says. What is no command is ignored, so many times.
func (s *socket) hear(ctx context.Context, kind int, message []byte) {
	if !s.commands.spend() {
		s.bye(flooding)
		return
	}
	if kind == websocket.TextMessage && !utf8.Valid(message) {
		s.bye(garbled)
		return
	}
	c, err := parseCommand(message)
	if (err != nil || kind != websocket.TextMessage || !s.obey(ctx, c)) && !s.mistakes.spend() {
		s.bye(incoherent)
	}
}

// obey reports whether it knows the command. Messages to a channel are none of
// ours: nothing can be done to a document but to watch it.
func (s *socket) obey(ctx context.Context, c *command) (known bool) {
	switch c.Name {
	case "message", "pong":
		return true
	case "history":
		known = s.extended
	case "subscribe", "unsubscribe":
		known = true
	}
	if !known || c.id() == "" {
		return false
	}
	switch c.Name {
	case "subscribe":
		s.subscribe(ctx, c)
	case "unsubscribe":
		s.unsubscribe(c.id())
	case "history":
		s.recall(c)
	}
	return true
}
