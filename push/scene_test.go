package push_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/push"
)

// interval is how often the scenes' documents are asked for.
const interval = time.Second

// scene is a hub on a server between clients and an upstream.
type scene struct {
	t      testing.TB
	up     *upstream
	c      *coalescer.Coalescer
	route  *coalescer.Route
	reg    *prometheus.Registry
	hub    *push.Hub
	server *http.Server
	dial   func(ctx context.Context) (net.Conn, error)

	signals int // the budget, where the route delivers them

	mu       sync.Mutex
	unwanted map[string]*push.Farewell // who may no longer watch; guarded by mu
}

// play runs a script in a bubble of its own time, over connections in memory: once where
// a goroutine reads from each WebSocket, and once where they tell when they can be read.
// Every goroutine must have ended when hub, server and coalescer are closed.
func play(t *testing.T, o push.Options, script func(*scene)) {
	t.Helper()
	t.Run("read by goroutines", func(t *testing.T) { playOnce(t, o, script) })
	o.Readiness = func(c net.Conn) push.Readiness { return c.(*attentive) }
	t.Run("read when ready", func(t *testing.T) { playOnce(t, o, script) })
}

func playOnce(t *testing.T, o push.Options, script func(*scene)) {
	synctest.Test(t, func(t *testing.T) {
		l := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
		s := newScene(t, o, l)
		s.dial = l.dial
		script(s)
		s.close()
	})
}

func newScene(t testing.TB, o push.Options, l net.Listener) *scene {
	o.Log = slog.New(slog.DiscardHandler)
	reg := prometheus.NewRegistry()
	up := &upstream{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}}
	s := &scene{t: t, up: up, reg: reg, hub: push.New(o), c: coalescer.New(coalescer.Options{Transport: up})}
	s.route = &coalescer.Route{
		Policy: coalescer.Policy{
			Interval: interval, MinInterval: interval, MaxInterval: interval,
			Timeout: 10 * time.Second, MaxBody: 1 << 24, Audit: time.Minute, Lease: time.Hour,
		},
		Name: "scene", Keyed: func(string) bool { return true }, Counts: ledger.New(reg).Route("scene"),
	}
	s.up.set(`{"state":0}`)
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	s.server = &http.Server{Handler: http.HandlerFunc(s.serve), Protocols: &protocols}
	go s.server.Serve(l)
	return s
}

func (s *scene) close() {
	s.hub.Close()
	s.server.Close()
	s.c.Close()
}

// serve does what package proxy does: it routes by what the client wants.
func (s *scene) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.Header.Get("Accept"), "text/event-stream") {
		s.hub.ServeEvents(w, r, s.subscription(r.Header.Get("Cookie")))
		return
	}
	s.hub.ServeWebSocket(w, r, s.subscription(r.Header.Get("Cookie")))
}

func (s *scene) subscription(user string) push.Subscription {
	return push.Subscription{
		Route: s.route.Name, Counts: s.route.Counts, Identity: hashOf("identity", user), SignalBudget: s.signals,
		Object: func() *push.Farewell { return s.objection(user) },
		Open:   func(ctx context.Context) (*coalescer.Watch, error) { return s.c.Watch(ctx, s.poll(user)) },
	}
}

// object has a user no longer watch.
func (s *scene) object(user string, why push.Farewell) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unwanted = map[string]*push.Farewell{user: &why}
}

func (s *scene) objection(user string) *push.Farewell {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unwanted[user]
}

func (s *scene) poll(user string) *coalescer.Poll {
	return &coalescer.Poll{
		Key:   coalescer.Key{Target: hashOf("target"), Identity: hashOf("identity", user)},
		Place: hashOf("target"), URL: "app.test/poll", Route: s.route, Writer: hashOf("identity", user), Header: http.Header{},
		Call: func(ctx context.Context, _ ledger.Reason) *http.Request {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://app.test/poll", nil)
			if err != nil {
				panic(err) // the URL is right
			}
			return r
		},
	}
}

func hashOf(parts ...string) [16]byte {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return [16]byte(sum[:])
}

// counted returns a series by its name and the values of its labels.
func (s *scene) counted(name string, values ...string) float64 {
	s.t.Helper()
	families, err := s.reg.Gather()
	if err != nil {
		s.t.Fatalf("scraping: %v", err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			var got []string
			for _, label := range m.GetLabel() {
				got = append(got, label.GetValue())
			}
			if family.GetName() == name && slices.Equal(got, values) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return 0
}

// upstream answers with the body that it has been set to, by its tag.
type upstream struct {
	mu     sync.Mutex
	body   string
	header http.Header
	status int
	err    error
	takes  time.Duration // to answer
}

// set changes what there is.
func (u *upstream) set(body string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.body = body
}

func (u *upstream) answer(status int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.status = status
}

func (u *upstream) field(name, value string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.header.Set(name, value)
}

func (u *upstream) fail(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.err = err
}

func tagOf(body string) etag.Tag { return etag.FromBody([]byte(body)) }

func (u *upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	defer time.Sleep(u.takes)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.err != nil {
		return nil, u.err
	}
	resp := &http.Response{StatusCode: u.status, Header: u.header.Clone(), ContentLength: int64(len(u.body)), Request: r}
	resp.Header.Set("Etag", string(tagOf(u.body)))
	body := u.body
	if u.status == http.StatusOK && r.Header.Get("If-None-Match") == resp.Header.Get("Etag") {
		resp.StatusCode, resp.ContentLength, body = http.StatusNotModified, 0, ""
	}
	resp.Body = io.NopCloser(strings.NewReader(body))
	return resp, nil
}

// pipes is a listener in memory, without buffers between client and server.
type pipes struct {
	accepted chan net.Conn
	once     sync.Once
	closed   chan struct{}
}

func (p *pipes) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.accepted <- &attentive{Conn: server}:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

// client is the other end of a WebSocket.
type client struct {
	*websocket.Conn
	t testing.TB
}

// connect opens a WebSocket as a user, with at most one subprotocol.
func (s *scene) connect(user, subprotocol string) *client {
	s.t.Helper()
	c, resp, err := s.tryConnect(user, subprotocol)
	if err != nil {
		s.t.Fatalf("connecting: %v, answered %v", err, resp)
	}
	return c
}

func (s *scene) tryConnect(user, subprotocol string) (*client, *http.Response, error) {
	d := websocket.Dialer{
		NetDialContext:    func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dial(ctx) },
		EnableCompression: true,
	}
	if subprotocol != "" {
		d.Subprotocols = []string{subprotocol}
	}
	conn, resp, err := d.Dial("ws://app.test/poll", http.Header{"Cookie": {user}})
	return &client{conn, s.t}, resp, err
}

func (c *client) say(format string, args ...any) {
	c.t.Helper()
	if err := c.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, format, args...)); err != nil {
		c.t.Fatalf("client writing: %v", err)
	}
}

// want expects a text message.
func (c *client) want(want string) {
	c.t.Helper()
	if got := c.next(); got != want {
		c.t.Errorf("got message %s, want %s", got, want)
	}
}

func (c *client) next() string {
	c.t.Helper()
	kind, message, err := c.ReadMessage()
	if err != nil {
		c.t.Fatalf("client reading: %v", err)
	}
	if kind != websocket.TextMessage {
		return fmt.Sprintf("binary %q", message)
	}
	return string(message)
}

// wantClosed expects a close frame.
func (c *client) wantClosed(code int, reason string) {
	c.t.Helper()
	_, message, err := c.ReadMessage()
	var closed *websocket.CloseError
	if !errors.As(err, &closed) || closed.Code != code || closed.Text != reason {
		c.t.Errorf("got message %q, error %v; want close %d %s", message, err, code, reason)
	}
	c.Close()
}

// wantNothing expects silence for a while.
func (c *client) wantNothing(d time.Duration) {
	c.t.Helper()
	got := make(chan string, 1)
	go func() {
		_, message, err := c.ReadMessage()
		got <- fmt.Sprintf("%s, %v", message, err)
	}()
	select {
	case m := <-got:
		c.t.Errorf("got %s, want nothing", m)
	case <-time.After(d):
		c.Close()
		<-got
	}
}

// goroutines returns how many there are. [runtime.NumGoroutine] counts some that have just
// ended.
func goroutines() int { return strings.Count(stacks(), "\n\ngoroutine ") + 1 }

// stacks returns those of all goroutines.
func stacks() string {
	b := make([]byte, 1<<20)
	return string(b[:runtime.Stack(b, true)])
}

// document is the pollard.v1 object of a JSON body.
func document(body string) string {
	return fmt.Sprintf(`{"type":"document","etag":%q,"status":200,"headers":{"Content-Type":"application/json","ETag":%q},"body":%s}`,
		tagOf(body), tagOf(body), body)
}

// tally counts bytes that a connection takes in.
type tally struct {
	net.Conn
	mu   sync.Mutex
	read bytes.Buffer
}

func (t *tally) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.read.Write(b[:n])
	return n, err
}

func (t *tally) taken() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.read.Len()
}
