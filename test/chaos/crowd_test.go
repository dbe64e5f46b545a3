package chaos

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// crowd is users who poll and watch. Their requests may fail; what they are told must be theirs, and never older than
// what they were told before on the same connection.
type crowd struct {
	trusted *tls.Config
	cancel  context.CancelFunc
	work    sync.WaitGroup

	mu      sync.Mutex
	sent    map[*instance]int // polls, guarded by mu like all here
	told    int               // documents
	has     map[string]int    // the version that each client has, by what it is called
	wrongs  []error           // the first of what was told and must not be
	hiccups int               // requests and sockets that failed
}

// users is how many poll and watch at each instance.
const users = 4

// gather has a crowd at instances, until it is sent home.
func gather(trusted *tls.Config, instances ...*instance) *crowd {
	ctx, cancel := context.WithCancel(context.Background())
	c := &crowd{trusted: trusted, cancel: cancel, sent: map[*instance]int{}, has: map[string]int{}}
	for n, in := range instances {
		for u := range users {
			user := fmt.Sprint("user", u)
			c.work.Go(func() { c.poll(ctx, in, user, fmt.Sprint("poller ", u, " of instance ", n)) })
			for _, path := range []string{"/own", "/all"} {
				c.work.Go(func() { c.watch(ctx, in, path, user, fmt.Sprint("watcher ", u, " of instance ", n)) })
			}
		}
	}
	return c
}

// goHome ends all that the crowd does, and waits for it.
func (c *crowd) goHome() {
	c.cancel()
	c.work.Wait()
}

// hears takes in a document, which is to be one of a user's and no older than the one before, and returns its version.
func (c *crowd) hears(client, path, user string, text []byte, before int) int {
	var d document
	err := json.Unmarshal(text, &d)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil:
		c.wrong("%s was told %q under %s: %v", client, text, path, err)
	case d.Who != of(path, user) || d.Path != path:
		c.wrong("%s, who is %s, was told %s under %s", client, user, text, path)
	case d.Version < before:
		c.wrong("%s was told version %d of %s after %d", client, d.Version, path, before)
	default:
		c.told++
		c.has[client+path] = d.Version
		return d.Version
	}
	return before
}

// wrong notes what must not be.
func (c *crowd) wrong(format string, args ...any) {
	if len(c.wrongs) < 20 {
		c.wrongs = append(c.wrongs, fmt.Errorf(format, args...))
	}
}

// awaits returns an error unless every client has a version, or a newer one.
func (c *crowd) awaits(version, clients int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.has) != clients {
		return fmt.Errorf("%d clients have a document, not %d", len(c.has), clients)
	}
	for client, has := range c.has {
		if has < version {
			return fmt.Errorf("%s has version %d, not %d", client, has, version)
		}
	}
	return nil
}

// A poller polls both paths in turn, on one connection as long as that lasts.
type poller struct {
	client http.Client
	tags   map[string]string // by path
	has    map[string]int    // by path, on this connection
}

// poll polls until ctx ends.
func (c *crowd) poll(ctx context.Context, in *instance, user, name string) {
	transport := &http.Transport{TLSClientConfig: c.trusted.Clone()}
	defer transport.CloseIdleConnections()
	p := &poller{http.Client{Transport: transport, Timeout: 3 * time.Second}, map[string]string{}, map[string]int{}}
	for ctx.Err() == nil {
		for _, path := range []string{"/own", "/all"} {
			if err := c.ask(ctx, in, p, path, user, name); err != nil && ctx.Err() == nil {
				c.hiccup()
			}
			rest(ctx, 100*time.Millisecond)
		}
	}
}

func (c *crowd) hiccup() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hiccups++
}

func (c *crowd) ask(ctx context.Context, in *instance, p *poller, path, user, name string) error {
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(conn httptrace.GotConnInfo) {
			if !conn.Reused {
				clear(p.has)
			}
		},
		WroteRequest: func(w httptrace.WroteRequestInfo) {
			if w.Err != nil {
				return
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			c.sent[in]++
		},
	}), http.MethodGet, "https://"+in.front+path, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Cookie", "user="+user)
	if tag := p.tags[path]; tag != "" {
		r.Header.Set("If-None-Match", tag)
	}
	resp, text, err := fetch(&p.client, r)
	if err != nil {
		return err
	}
	switch resp.StatusCode {
	case http.StatusOK:
		p.has[path] = c.hears(name, path, user, text, p.has[path])
		p.tags[path] = resp.Header.Get("ETag")
	case http.StatusNotModified:
	default:
		return errors.New(resp.Status)
	}
	return nil
}

// watch watches until ctx ends, and comes back when its connection ends.
func (c *crowd) watch(ctx context.Context, in *instance, path, user, name string) {
	for ctx.Err() == nil {
		if err := c.sit(ctx, in, path, user, name); err != nil && ctx.Err() == nil {
			c.hiccup()
		}
		rest(ctx, 200*time.Millisecond)
	}
}

func (c *crowd) sit(ctx context.Context, in *instance, path, user, name string) error {
	dialer := websocket.Dialer{HandshakeTimeout: 3 * time.Second, TLSClientConfig: c.trusted.Clone()}
	conn, _, err := dialer.DialContext(ctx, "wss://"+in.front+path, http.Header{"Cookie": {"user=" + user}, "Origin": {"https://" + in.front}})
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	for has := 0; ; {
		_, text, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		has = c.hears(name, path, user, text, has)
	}
}
