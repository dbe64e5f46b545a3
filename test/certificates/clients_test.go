package certificates

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// A crowd is clients that must not notice anything.
type crowd struct {
	url  string // without its scheme
	tls  *tls.Config
	work sync.WaitGroup

	mu       sync.Mutex
	polls    int            // guarded by mu, like all that follows
	sockets  int            // that were opened
	failures []error        // the first of them
	serials  map[int]string // of the certificate that a socket was shown, by client
}

// fail notes what a client is not to see.
func (c *crowd) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.failures) < 10 {
		c.failures = append(c.failures, err)
	}
}

// poll polls on a kept connection until ctx ends.
func (c *crowd) poll(ctx context.Context, client int) {
	transport := &http.Transport{TLSClientConfig: c.tls.Clone(), MaxIdleConnsPerHost: 1, ForceAttemptHTTP2: client%2 == 0}
	defer transport.CloseIdleConnections()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := c.ask(ctx, transport, client); err != nil && ctx.Err() == nil {
			c.fail(fmt.Errorf("poll: %w", err))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

func (c *crowd) ask(ctx context.Context, transport *http.Transport, client int) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+c.url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Cookie", fmt.Sprint("poller=", client))
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.polls++
	return nil
}

// watch watches until ctx ends, and comes back when it is told to.
func (c *crowd) watch(ctx context.Context, client int) {
	for ctx.Err() == nil {
		if err := c.sit(ctx, client); err != nil && ctx.Err() == nil {
			c.fail(fmt.Errorf("socket: %w", err))
			return
		}
	}
}

// sit watches on one socket, until that is closed with 1012.
func (c *crowd) sit(ctx context.Context, client int) error {
	d := websocket.Dialer{TLSClientConfig: c.tls.Clone(), HandshakeTimeout: patience}
	host, _, _ := strings.Cut(c.url, "/")
	header := http.Header{"Cookie": {fmt.Sprint("watcher=", client%10)}, "Origin": {"https://" + host}}
	conn, resp, err := d.DialContext(ctx, "wss://"+c.url, header)
	if err != nil && resp != nil {
		return fmt.Errorf("%w: %s", err, resp.Status)
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	conn.SetPingHandler(func(payload string) error { // the library's own gives up after a second
		return conn.WriteControl(websocket.PongMessage, []byte(payload), time.Now().Add(patience))
	})
	c.mu.Lock()
	c.sockets++
	c.serials[client] = conn.NetConn().(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String()
	c.mu.Unlock()
	for {
		_, _, err := conn.ReadMessage()
		var goodbye *websocket.CloseError
		if errors.As(err, &goodbye) && goodbye.Code == websocket.CloseServiceRestart {
			return c.wait(ctx, goodbye.Text)
		}
		if err != nil {
			return err
		}
	}
}

// wait waits as long as the reason of a close says.
func (c *crowd) wait(ctx context.Context, reason string) error {
	var back struct {
		AfterMS *int `json:"after_ms"`
	}
	if err := json.Unmarshal([]byte(reason), &back); err != nil || back.AfterMS == nil {
		return fmt.Errorf("closed with the reason %q", reason)
	}
	select {
	case <-time.After(time.Duration(*back.AfterMS) * time.Millisecond):
	case <-ctx.Done():
	}
	return nil
}

// shown returns how many sockets are on a connection whose certificate has this
// serial number.
func (c *crowd) shown(serial string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.serials {
		if s == serial {
			n++
		}
	}
	return n
}
