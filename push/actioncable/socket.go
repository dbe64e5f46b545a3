package actioncable

import (
	"context"
	"crypto/rand"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// socket is one client's connection. One goroutine reads; whatever there is to
// say is said by short ones: in a subscription's turns, pings, farewells.
type socket struct {
	// Set before it is served, then read-only.
	*Server
	sender
	request  *http.Request // with the credentials of every watch
	extended bool
	stop     context.CancelFunc // ends the context of everything; set before the hub knows the socket

	// Owned by the reader.
	commands *allowance
	mistakes *allowance

	// Owned by beat, which never runs twice at a time.
	probed time.Time

	work sync.WaitGroup // everything that serve waits for

	mu            sync.Mutex
	over          bool // no more work begins; guarded by mu, like all that follows
	pings         *time.Timer
	subscriptions map[identifier]*subscription
}

// mistakes that are forgiven at once, and per second: a page with a bug, or a
// client that speaks a later version, keeps its socket.
const (
	mistakesAtOnce    = 100
	mistakesPerSecond = 1
)

func newSocket(s *Server, conn *websocket.Conn, r *http.Request, extended bool) *socket {
	now := time.Now()
	return &socket{
		Server:        s,
		sender:        newSender(conn, s.WriteTimeout),
		request:       r,
		extended:      extended,
		commands:      newAllowance(float64(s.CommandsPerSecond), s.CommandsPerSecond),
		mistakes:      newAllowance(mistakesPerSecond, mistakesAtOnce),
		probed:        now,
		subscriptions: map[identifier]*subscription{},
	}
}

// serve talks to the client until either of them ends it, and returns when
// nothing of the socket is left.
func (s *socket) serve(ctx context.Context) {
	s.greet(ctx)
	s.read(ctx)
	s.stop()
	s.end()
	hangUp(s.conn.NetConn())
}

// greet says welcome, and goes on with pings.
func (s *socket) greet(ctx context.Context) {
	if s.extended {
		s.say(ctx, welcomeAs(rand.Text()))
	} else {
		s.say(ctx, welcome)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pings = time.AfterFunc(s.Ping, func() { s.start(func() { s.beat(ctx) }) })
}

// beat is one beat of the heart.
func (s *socket) beat(ctx context.Context) {
	now := time.Now()
	if s.say(ctx, ping(now)) != nil {
		return
	}
	if now.Sub(s.probed) >= s.Silence/3 {
		s.probed = now
		s.probe(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pings.Reset(s.Ping)
}

// start runs f beside the reader, unless the socket is over.
func (s *socket) start(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.work.Go(f)
	}
}

// end waits for everything that runs beside the reader. The socket's context
// has ended; whoever is still writing has no more time.
func (s *socket) end() {
	s.mu.Lock()
	s.over = true
	s.pings.Stop()
	s.mu.Unlock()
	for _, x := range s.all() {
		x.turns.Ask() // its context has ended
		x.turns.End()
	}
	s.conn.NetConn().SetWriteDeadline(time.Now())
	s.work.Wait()
}

// bye ends the socket with what is said last. The reader stops: what a client
// says after that concerns nobody.
func (s *socket) bye(g goodbye) {
	ctx, cancel := context.WithTimeout(context.Background(), s.WriteTimeout)
	defer cancel()
	if err := s.last(ctx, g); err != nil && ctx.Err() != nil {
		s.conn.Close()
	}
	s.stop()
	s.conn.SetReadDeadline(time.Now())
}
