package push

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/etag"
)

// have is what a client of pollard.v1 may say at first: the state that it has,
// and whether it takes patches to it.
type have struct {
	Type  string   `json:"type"` // "have"
	ETag  etag.Tag `json:"etag"`
	Patch bool     `json:"patch"`
}

// commandsPerSecond bounds the messages and pings of a client, which has next
// to nothing to say.
const commandsPerSecond = 10

// listen hears the client out, and returns what the connection ends with.
func (s *socket) listen() error {
	for {
		if err := s.hear(); err != nil {
			return complaint(err)
		}
	}
}

// linger hears nothing any more, and waits until the client closes or
// sayGoodbye has waited long enough. Where frames make no sense, bytes are read.
func (s *socket) linger() {
	var goodbye *websocket.CloseError
	for {
		_, _, err := s.conn.NextReader()
		if errors.As(err, &goodbye) {
			return
		}
		if err != nil {
			break
		}
	}
	io.Copy(io.Discard, s.conn.NetConn())
}

// complaint returns what the connection ends with. A protocol error has been
// answered by the library; all that is left is to wait for the client to go.
func complaint(err error) error {
	var gone net.Error
	var goodbye *websocket.CloseError
	var own closure
	switch {
	case errors.As(err, &own), errors.As(err, &gone), errors.As(err, &goodbye), errors.Is(err, io.EOF):
		return err
	case errors.Is(err, websocket.ErrReadLimit):
		return closure(websocket.CloseMessageTooBig)
	}
	return closure(websocket.CloseProtocolError)
}

// hear takes one message in. Whatever it is, only what a client has to say has
// consequences.
func (s *socket) hear() error {
	kind, r, err := s.conn.NextReader()
	if err != nil {
		return err
	}
	s.heard.Store(true)
	limit := s.hub.options.MessageBytes
	message, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case errors.Is(err, websocket.ErrReadLimit), int64(len(message)) > limit:
		return closure(websocket.CloseMessageTooBig)
	case err != nil:
		return err
	case kind == websocket.TextMessage && !utf8.Valid(message):
		return closure(websocket.CloseInvalidFramePayloadData)
	case !s.commands.allow(time.Now()):
		return closure(websocket.ClosePolicyViolation)
	}
	return s.obey(message)
}

// obey does what a message of pollard.v1 says, if it is anything to be done: of
// later versions there may be more. On a bare socket nothing is.
func (s *socket) obey(message []byte) error {
	if s.bare {
		return nil
	}
	if !json.Valid(message) {
		return closure(websocket.CloseInvalidFramePayloadData)
	}
	var has have
	if err := json.Unmarshal(message, &has); err != nil || has.Type != "have" {
		return nil
	}
	s.mu.Lock()
	if s.has == nil { // else it has said so before
		s.has = &has
	}
	s.mu.Unlock()
	s.turns.Ask()
	return nil
}

func (s *socket) pong(string) error {
	s.heard.Store(true)
	return nil
}

// ping answers a client's ping.
func (s *socket) ping(payload string) error {
	s.heard.Store(true)
	if !s.commands.allow(time.Now()) {
		return closure(websocket.ClosePolicyViolation)
	}
	err := s.conn.WriteControl(websocket.PongMessage, []byte(payload), s.deadline())
	if errors.Is(err, websocket.ErrCloseSent) {
		return nil
	}
	return err
}
