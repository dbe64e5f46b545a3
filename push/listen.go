package push

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"time"

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

// attend hears what the client says, and is a turn of ears: it ends when all is heard,
// where somebody tells when there is more, else with the connection.
func (s *socket) attend() {
	if s.parted || !s.begun.Load() {
		return
	}
	in := s.hub.readers.Get().(*bufio.Reader)
	defer s.hub.readers.Put(in)
	in.Reset(s.conn.NetConn())
	defer in.Reset(nil)
	var goodbye *websocket.CloseError
	for !s.over.Load() {
		if err := s.hear(in); err != nil {
			s.end(err)
			errors.As(err, &goodbye)
			break
		}
		if in.Buffered() == 0 && s.rest() {
			return
		}
	}
	if s.ready != nil {
		s.ready.Stop()
	}
	if goodbye == nil {
		s.linger(in)
	}
	s.part()
}

// rest reports whether there will be another turn when the client says more. Whoever
// ends the connection asks for one as well.
func (s *socket) rest() bool { return s.ready != nil && s.ready.Await(s.ears.Ask) }

// linger obeys nothing any more, and waits until the client closes or sayGoodbye
// has waited long enough. Where frames make no sense, bytes are read.
func (s *socket) linger(in *bufio.Reader) {
	for {
		said, err := s.inbox.next(in)
		if said.kind == websocket.CloseMessage {
			return
		}
		if err != nil {
			break
		}
	}
	io.Copy(io.Discard, s.conn.NetConn())
}

// hear takes one frame in, and returns what the connection is to end with. Whatever it
// says, only what a client has to say has consequences.
func (s *socket) hear(in *bufio.Reader) error {
	said, err := s.inbox.next(in)
	if err != nil {
		return err
	}
	if said.kind != 0 {
		s.heard.Store(true)
	}
	switch said.kind {
	case 0, websocket.PongMessage:
		return nil
	case websocket.CloseMessage:
		return s.echo(said.payload)
	}
	if !s.commands.allow(time.Now()) {
		return closure(websocket.ClosePolicyViolation)
	}
	if said.kind == websocket.PingMessage {
		return s.pong(said.payload)
	}
	return s.obey(said.payload)
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

// pong answers a client's ping.
func (s *socket) pong(payload []byte) error {
	err := s.conn.WriteControl(websocket.PongMessage, payload, s.deadline())
	if errors.Is(err, websocket.ErrCloseSent) {
		return nil
	}
	return err
}

// echo answers a client's close frame (RFC 6455 §5.5.1), and returns it.
func (s *socket) echo(payload []byte) error {
	goodbye, err := farewellOf(payload)
	if err != nil {
		return err
	}
	s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(goodbye.Code, ""), s.deadline()) // or it has gone already
	return goodbye
}
