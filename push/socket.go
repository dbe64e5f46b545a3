package push

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
)

// socket is a WebSocket with one document. Two goroutines serve it: listen
// hears the client, run tells it.
type socket struct {
	// Set before either runs, then read-only.
	hub          *Hub
	subscription Subscription
	watch        *coalescer.Watch
	conn         *websocket.Conn
	bare         bool // messages are bodies
	cancel       context.CancelCauseFunc

	has      chan have     // what the client said that it has, at first
	silent   chan struct{} // closed when nothing more is heard
	heard    atomic.Bool   // something, since the last ping
	commands *pace         // owned by listen

	// Owned by run.
	patches bool   // the client takes them
	held    *state // what the client has, where that is certain
}

func newSocket(h *Hub, s Subscription, watch *coalescer.Watch, conn *websocket.Conn) *socket {
	so := &socket{
		hub: h, subscription: s, watch: watch, conn: conn, bare: conn.Subprotocol() == "",
		has: make(chan have, 1), silent: make(chan struct{}), commands: newPace(commandsPerSecond),
	}
	so.heard.Store(true)
	conn.SetReadLimit(h.options.MessageBytes)
	conn.SetPongHandler(so.pong)
	conn.SetPingHandler(so.ping)
	return so
}

// errSilent ends a connection whose other end does not answer pings.
var errSilent = errors.New("the client has not answered a ping")

// closure ends a connection for what the client did, with a close code of RFC
// 6455 §7.4.1.
type closure int

func (c closure) Error() string { return fmt.Sprintf("closed with %d", int(c)) }

// Leave implements [Leaver].
func (s *socket) Leave(why Farewell) bool {
	if why.Route != "" && why.Route != s.subscription.Route {
		return false
	}
	s.cancel(why)
	return true
}

// run tells the client what happens until something ends that, and then why.
func (s *socket) run(ctx context.Context) {
	err := s.tell(ctx)
	s.watch.Close()
	s.hub.options.Log.Debug("watcher leaves", "route", s.subscription.Route, "transport", ledger.WebSocket, "cause", err)
	s.sayGoodbye(err)
}

func (s *socket) tell(ctx context.Context) error {
	after, err := s.greeting(ctx)
	if err != nil {
		return err
	}
	return s.hub.Follow(ctx, Following{
		Subscription: s.subscription, Transport: ledger.WebSocket, Watch: s.watch,
		After: after, Beats: s.hub.options.PingInterval,
	}, s)
}

// maxGreeting bounds the time in which a client may say what it has before it
// is told everything.
const maxGreeting = 250 * time.Millisecond

// greeting waits for what the client has.
func (s *socket) greeting(ctx context.Context) (after etag.Tag, err error) {
	if s.bare {
		return "", nil
	}
	timer := time.NewTimer(maxGreeting)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case <-timer.C:
		return "", nil
	case has := <-s.has:
		if has.Patch {
			s.patches = true
			err = s.hold(ctx, has.ETag)
		}
		return has.ETag, err
	}
}

// hold takes note of what the client has, if that is the current state and its
// tag stands for its very bytes (RFC 9110 §8.8.3.2).
func (s *socket) hold(ctx context.Context, tag etag.Tag) error {
	m, err := s.watch.Next(ctx, "")
	if err != nil {
		return err
	}
	if etag.StrongEqual(tag, m.Tag) {
		s.held = s.hub.frames.of(m.Snapshot)
	}
	return nil
}

// Document implements [Outlet].
func (s *socket) Document(m coalescer.Moment) error {
	st := s.hub.frames.of(m.Snapshot)
	f, err := s.frameOf(st)
	if err != nil {
		return err
	}
	if s.patches {
		s.held = st
	}
	s.conn.EnableWriteCompression(f.size >= minCompressed)
	s.conn.SetWriteDeadline(s.deadline())
	if err := s.conn.WritePreparedMessage(f.PreparedMessage); err != nil {
		return fmt.Errorf("writing a document: %w", err)
	}
	return nil
}

// minCompressed is from how many bytes on it pays to compress a message.
const minCompressed = 1 << 10

func (s *socket) frameOf(st *state) (frame, error) {
	if s.bare {
		return st.bare()
	}
	if s.held != nil {
		if f, ok := st.patchFrom(s.held); ok {
			return f, nil
		}
	}
	return st.document()
}

// Changed implements [Outlet].
func (s *socket) Changed(tag etag.Tag, after time.Duration) error {
	return s.write(EncodeChanged(tag, after))
}

// Beat implements [Outlet]: it pings, unless the last ping was not answered.
func (s *socket) Beat() error {
	if !s.heard.Swap(false) {
		return errSilent
	}
	if err := s.conn.WriteControl(websocket.PingMessage, nil, s.deadline()); err != nil {
		return fmt.Errorf("pinging: %w", err)
	}
	return nil
}

// write sends a short message.
func (s *socket) write(object []byte) error {
	s.conn.EnableWriteCompression(false)
	s.conn.SetWriteDeadline(s.deadline())
	if err := s.conn.WriteMessage(websocket.TextMessage, object); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return nil
}

func (s *socket) deadline() time.Time { return time.Now().Add(s.hub.options.WriteTimeout) }

// maxLinger bounds the time that a client has to answer a close frame. Who
// closes at once, with something unread, may take the frame back: TCP resets.
const maxLinger = time.Second

// sayGoodbye closes the connection, with a reason where the client still hears.
func (s *socket) sayGoodbye(why error) {
	code, reason := s.closing(why)
	if code != 0 {
		s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), s.deadline())
		s.conn.SetReadDeadline(time.Now().Add(maxLinger))
		<-s.silent
	}
	s.conn.Close()
}

// closing returns the code and reason to close with, after what else is to be
// said; 0 where there is nobody to hear it.
func (s *socket) closing(why error) (code int, reason string) {
	var ended *coalescer.Ended
	var farewell Farewell
	var own closure
	switch {
	case errors.As(why, &ended):
		return s.endedWith(ended)
	case errors.As(why, &farewell):
		return farewell.Code, farewell.Reason()
	case errors.As(why, &own):
		return int(own), ""
	case errors.Is(why, ErrUnpushable):
		return ClosePoll, ""
	}
	return 0, ""
}

func (s *socket) endedWith(e *coalescer.Ended) (code int, reason string) {
	if !s.bare {
		s.write(EncodeEnd(e.Status, e.Reconnect)) // if it fails, so does the close frame
	}
	if e.Reconnect {
		back := Farewell{Code: CloseTryLater, After: s.hub.comeBack()}
		return back.Code, back.Reason()
	}
	return CloseCode(e.Status), ""
}
