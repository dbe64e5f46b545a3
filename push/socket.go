package push

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
)

// socket is a WebSocket with one document. The client is heard in turns, and what it
// is told is written in turns: while there is nothing to hear nor to tell, nobody waits.
type socket struct {
	// Set before it is served, then read-only.
	hub   *Hub
	conn  *websocket.Conn
	ready Readiness      // nil where only who waits hears when the client says something
	bare  bool           // messages are bodies
	turns *Turns         // to write
	ears  *Turns         // to read
	work  sync.WaitGroup // writing
	alarm *time.Timer
	gone  func() // called when nothing of it is left

	begun atomic.Bool // gone is set; until then it may have been told to go, and stays
	heard atomic.Bool // something, since the last ping
	over  atomic.Bool // goodbye has been said

	// Owned by whose turn it is to read.
	inbox    inbox
	commands *pace
	parted   bool

	mu   sync.Mutex
	why  error // it ends; guarded by mu, as all that follows
	has  *have // what the client said that it has, at first
	rung bool  // the alarm has gone off

	// Owned by whose turn it is to write.
	pursuit *Pursuit
	greeted bool   // the client has had the time to say what it has
	patches bool   // the client takes them
	held    *state // what the client has, where that is certain
}

func newSocket(h *Hub, s Subscription, watch *coalescer.Watch, conn *websocket.Conn) *socket {
	so := &socket{hub: h, conn: conn, bare: conn.Subprotocol() == "", commands: newPace(commandsPerSecond)}
	so.pursuit = h.Pursue(Following{Subscription: s, Transport: ledger.WebSocket, Watch: watch}, so)
	so.turns = NewTurns(&so.work, so.turn)
	so.ears = NewTurns(&h.ears, so.attend)
	so.inbox.limit = h.options.MessageBytes
	so.ready = h.options.Readiness(conn.NetConn())
	so.heard.Store(true)
	so.mu.Lock() // which ring takes first
	defer so.mu.Unlock()
	so.alarm = time.AfterFunc(maxGreeting, so.ring)
	return so
}

// errSilent ends a connection whose other end does not answer pings.
var errSilent = errors.New("the client has not answered a ping")

// closure ends a connection for what the client did, with a close code of RFC
// 6455 §7.4.1.
type closure int

func (c closure) Error() string { return fmt.Sprintf("closed with %d", int(c)) }

// Leave implements [Leaver].
func (s *socket) Leave(why Farewell) bool { return s.end(why) }

// Review implements [Leaver].
func (s *socket) Review() bool {
	why := s.pursuit.Subscription.Objection()
	return why != nil && s.end(*why)
}

// end has the socket end, unless it has another reason to.
func (s *socket) end(why error) (heeded bool) {
	s.mu.Lock()
	if heeded = s.why == nil; heeded {
		s.why = why
	}
	s.mu.Unlock()
	s.turns.Ask()
	return heeded
}

// maxGreeting bounds the time in which a client may say what it has before it
// is told everything.
const maxGreeting = 250 * time.Millisecond

// start lets the socket live, until it is gone.
func (s *socket) start() {
	if s.bare {
		s.turns.Ask() // such a client has nothing to say
	}
	s.begun.Store(true)
	if s.over.Load() || !s.rest() {
		s.ears.Ask()
	}
}

// part ends what goodbye has been said to, or what has ended without, and returns when
// nothing of it is left.
func (s *socket) part() {
	s.parted = true
	s.ears.End()
	s.turns.End()
	s.work.Wait()
	s.conn.Close()
	s.alarm.Stop()
	s.pursuit.End()
	s.pursuit.Watch.Close()
	s.gone()
}

// ring goes off when the client has had its time to greet, and from then on for
// each sign of life that it is to give.
func (s *socket) ring() {
	s.mu.Lock()
	s.rung = true
	s.mu.Unlock()
	s.turns.Ask()
}

// turn tells the client what there is to tell, and at last why it is the last.
func (s *socket) turn() {
	if s.over.Load() {
		return
	}
	if err := s.tell(); err != nil {
		s.over.Store(true)
		s.hub.options.Log.Debug("watcher leaves", "route", s.pursuit.Subscription.Route, "transport", ledger.WebSocket, "cause", err)
		s.sayGoodbye(err)
		s.ears.Ask() // to wait for the client's
	}
}

func (s *socket) tell() error {
	why, has, rung := s.asked()
	switch {
	case why != nil:
		return why
	case !s.greeted && !s.bare && has == nil && !rung:
		return nil
	case !s.greeted:
		if err := s.greet(has); err != nil {
			return err
		}
	case rung:
		if err := s.beat(); err != nil {
			return err
		}
	}
	return s.pursuit.Step(s.turns.Ask)
}

// asked returns why there is a turn, as far as it is not for news.
func (s *socket) asked() (why error, has *have, rung bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rung, s.rung = s.rung, false
	return s.why, s.has, rung
}

// greet takes note of what the client has, which may be nothing. Clients that
// came together do not beat together.
func (s *socket) greet(has *have) error {
	s.greeted = true
	s.alarm.Reset(rand.N(s.hub.options.PingInterval))
	if has == nil {
		return nil
	}
	s.pursuit.After = has.ETag
	if !has.Patch {
		return nil
	}
	s.patches = true
	return s.hold(has.ETag)
}

// hold takes note of what the client has, if that is the current state and its
// tag stands for its very bytes (RFC 9110 §8.8.3.2).
func (s *socket) hold(tag etag.Tag) error {
	m, ok, err := s.pursuit.Watch.Now("", nil)
	if ok && etag.StrongEqual(tag, m.Tag) {
		s.held = s.hub.frames.of(m.Snapshot)
	}
	return err
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

// beat pings, unless the last ping was not answered.
func (s *socket) beat() error {
	s.alarm.Reset(s.hub.options.PingInterval)
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
