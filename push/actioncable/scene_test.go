package actioncable_test

import (
	"context"
	"crypto/sha256"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/push"
	"github.com/pollard-proxy/pollard/push/actioncable"
)

// interval is how often the scenes' documents are asked for.
const interval = time.Second

// scene is a cable on a server between clients and an upstream. It resolves
// paths as package proxy does: below /signals/ they are told by signals, below
// /other/ they are on another route, and below /private/ on none.
type scene struct {
	t      testing.TB
	up     *upstream
	c      *coalescer.Coalescer
	ledger *ledger.Ledger
	hub    *push.Hub
	server *http.Server
	pipes  *pipes

	mu     sync.Mutex
	fallen map[string]push.Farewell // routes on which nothing may be watched; guarded by mu
}

// fell has a route no longer be pushed.
func (s *scene) fell(route string, why push.Farewell) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fallen = map[string]push.Farewell{route: why}
}

func (s *scene) objection(route string) *push.Farewell {
	s.mu.Lock()
	defer s.mu.Unlock()
	if why, fell := s.fallen[route]; fell {
		return &why
	}
	return nil
}

type settings struct {
	hub   push.Options
	cable actioncable.Options
}

// play runs a script in a bubble of its own time, over connections in memory.
// Every goroutine must have ended when hub, server and coalescer are closed.
func play(t *testing.T, o settings, script func(*scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, o)
		script(s)
		s.close()
	})
}

func newScene(t testing.TB, o settings) *scene {
	up := &upstream{docs: map[string]string{"/a": `{"a":0}`, "/b": `{"b":0}`}}
	s := &scene{t: t, up: up, ledger: ledger.New(prometheus.NewRegistry()), pipes: newPipes()}
	s.hub = push.New(o.hub)
	s.c = coalescer.New(coalescer.Options{Transport: up})
	o.cable.Hub, o.cable.Resolver = s.hub, s
	s.server = &http.Server{Handler: actioncable.New(o.cable)}
	go s.server.Serve(s.pipes)
	return s
}

func (s *scene) close() {
	s.hub.Close()
	s.server.Close()
	s.c.Close()
}

// Resolve implements [push.Resolver].
func (s *scene) Resolve(r *http.Request, path string) (push.Subscription, error) {
	sub := push.Subscription{Route: "scene", Identity: hashOf("identity", r.Header.Get("Cookie"))}
	switch {
	case strings.HasPrefix(path, "/private/"):
		return sub, &push.Refusal{Status: http.StatusNotFound, Reason: "no-route"}
	case strings.HasPrefix(path, "/other/"):
		sub.Route = "other_route"
	case strings.HasPrefix(path, "/signals/"):
		sub.SignalBudget = 1
	}
	sub.Counts = s.ledger.Route(sub.Route)
	sub.Object = func() *push.Farewell { return s.objection(sub.Route) }
	user := r.Header.Get("Cookie")
	sub.Open = func(ctx context.Context) (*coalescer.Watch, error) {
		return s.c.Watch(ctx, s.poll(sub, user, path))
	}
	return sub, nil
}

func (s *scene) poll(sub push.Subscription, user, path string) *coalescer.Poll {
	key := coalescer.Key{Target: hashOf("target", path), Identity: sub.Identity}
	return &coalescer.Poll{
		Key: key, Place: key.Target, URL: "app.test" + path, Writer: sub.Identity, Header: http.Header{},
		Route: &coalescer.Route{
			Policy: coalescer.Policy{
				Interval: interval, MinInterval: interval, MaxInterval: interval,
				Timeout: time.Minute, MaxBody: 1 << 24, Audit: time.Minute, Lease: time.Hour,
			},
			Name: sub.Route, Keyed: func(string) bool { return true }, Counts: sub.Counts,
		},
		Call: func(ctx context.Context, _ ledger.Reason) *http.Request {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://app.test"+path, nil)
			if err != nil {
				panic(err) // the paths are right
			}
			r.Header.Set("Cookie", user)
			return r
		},
	}
}

func hashOf(parts ...string) [16]byte {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return [16]byte(sum[:])
}

// upstream answers with the documents that it has, by their tags. A path is
// told apart from those of others by its user, if it has a document for them.
type upstream struct {
	mu     sync.Mutex
	docs   map[string]string // bodies by path
	status map[string]int    // by path, where it is not 200
	delay  time.Duration
	asked  map[string]int // calls by path
}

func (u *upstream) set(path, body string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.docs[path] = body
}

// answer has a path answered with a status from now on.
func (u *upstream) answer(path string, status int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.status == nil {
		u.status = map[string]int{}
	}
	u.status[path] = status
}

func (u *upstream) slow(delay time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.delay = delay
}

func (u *upstream) calls(path string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.asked[path]
}

func (u *upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	u.mu.Lock()
	delay := u.delay
	u.mu.Unlock()
	if err := sleep(r.Context(), delay); err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.asked == nil {
		u.asked = map[string]int{}
	}
	path := r.URL.Path
	u.asked[path]++
	body, known := u.docs[path]
	status := u.status[path]
	switch {
	case status != 0:
		body = strconv.Itoa(status)
	case !known:
		status = http.StatusNotFound
	case r.Header.Get("If-None-Match") == string(tagOf(body)):
		status, body = http.StatusNotModified, ""
	default:
		status = http.StatusOK
	}
	return &http.Response{
		StatusCode: status, Request: r, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
		Header: http.Header{"Content-Type": {"application/json"}, "Etag": {string(tagOf(u.docs[path]))}},
	}, nil
}

func tagOf(body string) etag.Tag { return etag.FromBody([]byte(body)) }

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pipes is a listener in memory, without buffers between client and server.
type pipes struct {
	accepted chan net.Conn
	once     sync.Once
	closed   chan struct{}
}

func newPipes() *pipes { return &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) dial() (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.accepted <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Accept implements [net.Listener].
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr implements [net.Listener].
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }
