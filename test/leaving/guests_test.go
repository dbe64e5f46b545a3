package leaving

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// guests are clients that must not notice anything.
type guests struct {
	work sync.WaitGroup

	mu       sync.Mutex
	answered map[string]int // by what the guests do; guarded by mu, like all here
	failures []error        // the first of them
}

// fail notes what a guest is not to see.
func (g *guests) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.failures) < 20 {
		g.failures = append(g.failures, fmt.Errorf("%s %w", time.Now().Format("15:04:05.000"), err))
	}
}

func (g *guests) count(what string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answered[what]++
}

// pause is what a guest waits between two requests: much less than a blackout, in which each connection must carry one
// answer more to be told that it ends.
const pause = 200 * time.Millisecond

// A guest asks again and again, on a connection that is kept.
type guest struct {
	what    string // it does
	http2   bool
	request func(context.Context) (*http.Request, error)

	kept bool // the last answer has not said that its connection ends
}

// stay has a guest ask until ctx ends.
func (g *guests) stay(ctx context.Context, who guest) {
	var protocols http.Protocols
	protocols.SetHTTP1(!who.http2)
	protocols.SetUnencryptedHTTP2(who.http2)
	transport := &http.Transport{Protocols: &protocols, MaxIdleConnsPerHost: 1}
	defer transport.CloseIdleConnections()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for ctx.Err() == nil {
		err := who.ask(ctx, transport)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			g.fail(fmt.Errorf("%s: %w", who.what, err))
		default:
			g.count(who.what)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// ask asks once. What net/http mends by itself and other clients may not is an error: that a request had to be sent
// again, and that a connection ended that no answer had announced the end of, under which a request might just have
// been sent.
func (who *guest) ask(ctx context.Context, transport *http.Transport) error {
	var sent atomic.Int32 // is written by whom net/http has send
	reused := false
	r, err := who.request(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:      func(c httptrace.GotConnInfo) { reused = c.Reused },
		WroteHeaders: func() { sent.Add(1) },
	}))
	if err != nil {
		return err
	}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	lost := who.kept && !reused
	who.kept = !resp.Close && !who.http2 // over HTTP/2 the end is announced by a GOAWAY, which net/http keeps to itself
	switch {
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNotModified:
		return errors.New(resp.Status)
	case sent.Load() > 1:
		return fmt.Errorf("it was sent %d times", sent.Load())
	case lost:
		return errors.New("the connection before ended unannounced")
	}
	return nil
}

// poll returns the requests of a guest who polls a URL without its scheme, with further fields "Name: value".
func poll(url string, guest int, fields ...string) func(context.Context) (*http.Request, error) {
	return func(ctx context.Context) (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+url, nil)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Cookie", fmt.Sprint("guest=", guest))
		for _, f := range fields {
			name, value, _ := strings.Cut(f, ": ")
			r.Header.Set(name, value)
		}
		return r, nil
	}
}

// write returns the requests of a guest who writes, which no client may send twice.
func write(addr string) func(context.Context) (*http.Request, error) {
	return func(ctx context.Context) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/slow", strings.NewReader("news"))
	}
}

// watch watches until ctx ends, and comes back when it is told to.
func (g *guests) watch(ctx context.Context, addr string, guest int) {
	for ctx.Err() == nil {
		if err := g.sit(ctx, addr, guest); err != nil && ctx.Err() == nil {
			g.fail(fmt.Errorf("socket: %w", err))
			return
		}
	}
}

// sit watches on one socket until that is closed with 1012, and then waits as long as that says.
func (g *guests) sit(ctx context.Context, addr string, guest int) error {
	header := http.Header{"Cookie": {fmt.Sprint("guest=", guest)}, "Origin": {"http://" + addr}}
	conn, resp, err := (&websocket.Dialer{}).DialContext(ctx, "ws://"+addr+"/doc", header)
	if err != nil && resp != nil {
		return fmt.Errorf("%w: %s", err, resp.Status)
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	conn.SetPingHandler(func(payload string) error { // the library's own gives up after a second
		return conn.WriteControl(websocket.PongMessage, []byte(payload), time.Now().Add(time.Minute))
	})
	for {
		_, _, err := conn.ReadMessage()
		var goodbye *websocket.CloseError
		if errors.As(err, &goodbye) && goodbye.Code == websocket.CloseServiceRestart {
			g.count("sockets told 1012")
			return wait(ctx, goodbye.Text)
		}
		if err != nil {
			return err
		}
		g.count("messages")
	}
}

// wait waits as long as the reason of a close says.
func wait(ctx context.Context, reason string) error {
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
