package push_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/push"
	"github.com/pollard-proxy/pollard/push/readiness"
)

// goroutinesOfSockets returns how many serve one.
func goroutinesOfSockets() int { return strings.Count(stacks(), "push.(*Turns).run(") }

func TestASocketThatTellsWhenItCanBeReadHasNoGoroutine(t *testing.T) {
	const sockets = 20
	script := func(want int) func(*scene) {
		return func(s *scene) {
			var all []*client
			for i := range sockets {
				c := s.connect("ann", []string{"", push.Subprotocol}[i%2])
				c.next()
				all = append(all, c)
			}
			s.up.set("another state")
			for _, does := range []func(c *client){
				func(c *client) { c.next() },
				func(c *client) { c.say("{}") },
				func(c *client) { c.WriteControl(websocket.PongMessage, nil, time.Now().Add(time.Second)) },
				func(c *client) { c.NetConn().Write(clientFrame(0x01, []byte(`{"half a":`))) },
				func(c *client) { c.NetConn().Write(clientFrame(0x80, []byte(`"message"}`))) },
			} {
				for _, c := range all {
					does(c)
				}
				synctest.Wait()
				if got := goroutinesOfSockets(); got != want {
					t.Errorf("%d goroutines, want %d", got, want)
				}
			}
			all[0].NetConn().Write([]byte{0x81})
			synctest.Wait()
			if got := goroutinesOfSockets(); got != max(want, 1) {
				t.Errorf("%d goroutines while half a frame has come, want %d", got, max(want, 1))
			}
			for _, c := range all {
				c.Close()
			}
		}
	}
	o := push.Options{HandshakesPerSecond: 1e6, PingInterval: time.Hour}
	playOnce(t, o, script(sockets))
	o.Readiness = func(c net.Conn) push.Readiness { return c.(*attentive) }
	playOnce(t, o, script(0))
}

// The poller and the kernel are not of a bubble, so here time is real, and nothing depends on it.
func TestSocketsThatOnePollerWaitsForAreHeardToldAndSentAway(t *testing.T) {
	poller, err := readiness.New()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("there is no poller on this system")
	}
	if err != nil {
		t.Fatalf("making a poller: %v", err)
	}
	defer poller.Close()
	s := overTCP(t, push.Options{HandshakesPerSecond: 1e6, PerIdentity: 1000, Readiness: poller.Of})
	defer s.close()
	var all []*client
	for range 100 {
		c := s.connect("ann", push.Subprotocol)
		c.say(`{"type":"have","etag":%q}`, tagOf(`{"state":0}`))
		all = append(all, c)
	}
	pongs := make([]int, len(all))
	const rounds = 2
	for round := range rounds {
		for i, c := range all {
			c.pings(fmt.Sprint("round ", round), &pongs[i])
		}
		state := fmt.Sprintf(`{"state":%d}`, round+1)
		s.up.set(state)
		for _, c := range all {
			c.want(document(state))
		}
	}
	leaving, staying := all[:50], all[50:]
	for i, c := range leaving {
		if i%2 == 0 {
			c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Minute))
			c.wantClosed(websocket.CloseNormalClosure, "")
			if pongs[i] != rounds {
				t.Errorf("%d pongs to %d pings", pongs[i], rounds)
			}
		}
		c.Close()
	}
	go s.hub.Close()
	for _, c := range staying {
		if _, message, err := c.ReadMessage(); !websocket.IsCloseError(err, push.CloseRestart) {
			t.Errorf("got message %q, error %v; want to be sent away", message, err)
		}
		c.Close()
	}
	s.hub.Close()
	if n := s.hub.Count(); n > 0 {
		t.Errorf("%d connections are left", n)
	}
}

// pings says so, and counts the pongs that come while the client reads.
func (c *client) pings(payload string, pongs *int) {
	c.t.Helper()
	c.SetPongHandler(func(got string) error {
		if got == payload {
			*pongs++
		}
		return nil
	})
	if err := c.WriteControl(websocket.PingMessage, []byte(payload), time.Now().Add(time.Minute)); err != nil {
		c.t.Fatalf("client pinging: %v", err)
	}
}

// overTCP is a scene on real connections.
func overTCP(t testing.TB, o push.Options) *scene {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listening: %v", err)
	}
	s := newScene(t, o, l)
	s.dial = func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", l.Addr().String())
	}
	return s
}
