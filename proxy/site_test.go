package proxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/push"
	"github.com/pollard-proxy/pollard/push/actioncable"
	"github.com/pollard-proxy/pollard/rollout"
)

// site is a rig with a front door, and clients that come through it over
// connections in memory.
type site struct {
	*rig
	server *http.Server
	door   chan net.Conn

	mu      sync.Mutex
	clients []net.Conn // guarded by mu
}

// playSite runs a script in a bubble of its own time. In the end everyone hangs
// up, and every goroutine must have ended.
func playSite(t *testing.T, upstream http.HandlerFunc, script func(*site), routes ...RouteOptions) {
	t.Helper()
	play(t, upstream, func(r *rig) {
		s := openSite(r)
		defer s.close()
		script(s)
	}, routes...)
}

func openSite(r *rig) *site {
	s := &site{rig: r, door: make(chan net.Conn)}
	r.Push = push.New(push.Options{Log: slog.New(slog.DiscardHandler), MaxAge: 1000 * time.Hour})
	r.Own = map[string]http.Handler{"/-/pollard/cable": actioncable.New(actioncable.Options{Hub: r.Push, Resolver: r.Handler})}
	s.server = &http.Server{Handler: r.Handler}
	go s.server.Serve(s)
	return s
}

func (s *site) close() {
	s.mu.Lock()
	for _, c := range s.clients {
		c.Close()
	}
	s.mu.Unlock()
	s.Push.Close()
	s.server.Close()
}

// Accept implements [net.Listener].
func (s *site) Accept() (net.Conn, error) {
	if c, ok := <-s.door; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

// Close implements [net.Listener]; the server calls it once.
func (s *site) Close() error   { close(s.door); return nil }
func (s *site) Addr() net.Addr { return addr("site") }

type addr string

func (addr) Network() string  { return "tcp" }
func (a addr) String() string { return string(a) }

// peered is a connection whose other end is at an address.
type peered struct {
	net.Conn
	peer addr
}

func (p peered) RemoteAddr() net.Addr { return p.peer }

// dialer comes from the balancer if a field says what only balancers say.
func (s *site) dialer(lines []string) func(context.Context, string, string) (net.Conn, error) {
	peer := addr(stranger)
	for _, line := range lines {
		if line == viaBalancer {
			peer = balancer
		}
	}
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		s.door <- peered{server, peer}
		s.mu.Lock()
		s.clients = append(s.clients, client)
		s.mu.Unlock()
		return client, nil
	}
}

// viaBalancer has a request come from the peer that rigs trust.
const viaBalancer = "Via: 1.1 balancer"

func header(lines []string) http.Header { return request("/", lines...).Header }

// own is the Origin field of the site's own pages.
const ownOrigin = "Origin: http://app.test"

// testSocket is a WebSocket's other end.
type testSocket struct {
	*websocket.Conn
	t testing.TB
}

// upgrade asks for a WebSocket as one of the site's own pages, unless a field
// says otherwise. The subprotocol may be "".
func (s *site) upgrade(target, protocol string, lines ...string) (*testSocket, *http.Response) {
	s.t.Helper()
	h := header(lines)
	switch h.Get("Origin") {
	case "":
		h.Set("Origin", "http://app.test")
	case "-":
		h.Del("Origin")
	}
	d := websocket.Dialer{NetDialContext: s.dialer(lines)}
	if protocol != "" {
		d.Subprotocols = []string{protocol}
	}
	conn, resp, err := d.Dial("ws://app.test"+target, h)
	if err != nil && !errors.Is(err, websocket.ErrBadHandshake) {
		s.t.Fatalf("dialing: %v", err)
	}
	return &testSocket{conn, s.t}, resp
}

// watch opens a WebSocket that must be given.
func (s *site) watch(target, protocol string, lines ...string) *testSocket {
	s.t.Helper()
	c, resp := s.upgrade(target, protocol, lines...)
	if resp.StatusCode != http.StatusSwitchingProtocols {
		s.t.Fatalf("got %s for an upgrade with %q", resp.Status, lines)
	}
	return c
}

// next returns the next message, or how the connection was closed, as "close
// CODE REASON".
func (c *testSocket) next() string {
	_, message, err := c.ReadMessage()
	var closed *websocket.CloseError
	if errors.As(err, &closed) {
		return strings.TrimSpace(fmt.Sprintf("close %d %s", closed.Code, closed.Text))
	}
	if err != nil {
		return err.Error()
	}
	return string(message)
}

func (c *testSocket) want(want string) {
	c.t.Helper()
	if got := c.next(); got != want {
		c.t.Errorf("got %s, want %s", got, want)
	}
}

// heard collects what comes from now on, until the connection ends.
func (c *testSocket) heard() *inbox {
	in := &inbox{}
	go func() {
		for {
			message := c.next()
			in.put(message)
			if !strings.HasPrefix(message, "{") {
				c.Close()
				return
			}
		}
	}()
	return in
}

// inbox is what a client has heard.
type inbox struct {
	mu       sync.Mutex
	messages []string
}

func (in *inbox) put(message string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.messages = append(in.messages, message)
}

// all returns what has come once nothing more comes by itself.
func (in *inbox) all() []string {
	synctest.Wait()
	in.mu.Lock()
	defer in.mu.Unlock()
	return append([]string(nil), in.messages...)
}

// stream asks for server-sent events. The response may be a refusal.
func (s *site) stream(target string, lines ...string) (*http.Response, *bufio.Reader) {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://app.test"+target, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header = header(append(lines, "Accept: text/event-stream"))
	tr := &http.Transport{DialContext: s.dialer(lines), DisableKeepAlives: true}
	resp, err := tr.RoundTrip(r)
	if err != nil {
		s.t.Fatalf("asking for events: %v", err)
	}
	s.t.Cleanup(func() { resp.Body.Close() })
	return resp, bufio.NewReader(resp.Body)
}

// event returns the next event but for comments and retry fields, its lines
// joined with spaces.
func event(r *bufio.Reader) string {
	var fields []string
	for {
		line, err := r.ReadString('\n')
		line = strings.TrimRight(line, "\n")
		switch {
		case errors.Is(err, io.EOF):
			return io.EOF.Error()
		case err != nil:
			return io.ErrUnexpectedEOF.Error()
		case line == "" && len(fields) > 0:
			return strings.Join(fields, " ")
		case line != "" && line[0] != ':' && !strings.HasPrefix(line, "retry:"):
			fields = append(fields, line)
		}
	}
}

// heardEvents collects events from now on, until the stream ends.
func heardEvents(resp *http.Response, events *bufio.Reader) *inbox {
	in := &inbox{}
	go func() {
		defer resp.Body.Close()
		for {
			e := event(events)
			in.put(e)
			if e == io.EOF.Error() || e == io.ErrUnexpectedEOF.Error() {
				return
			}
		}
	}()
	return in
}

// pushed puts a route on the push rung.
func pushed(o *RouteOptions) {
	o.Rollout.Stage = rollout.Push
	o.Policy.Lease = time.Minute
	o.PollHeaders = http.Header{"Accept": {"application/json"}, "X-Requested-With": {"XMLHttpRequest"}}
}

// goAsk serves a request meanwhile.
func (s *site) goAsk(in *http.Request) (answered <-chan *http.Response) {
	c := make(chan *http.Response, 1)
	go func() { c <- s.ask(in) }()
	return c
}
