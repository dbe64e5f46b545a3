package push

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

// watcher is a client that is told. It collects what it hears until the end.
type watcher struct {
	kind string // bare, v1, cable or events
	user string
	hang func() // up

	mu    sync.Mutex
	heard []string
	ended chan struct{}
	code  int    // of the close frame; 0 if there was none
	why   string // its reason
}

// kinds are all kinds of watchers, and the label that metrics have for them.
func kinds() map[string]string {
	return map[string]string{"bare": "websocket", "v1": "websocket", "cable": "actioncable", "events": "events"}
}

// watch opens a watch of a kind, which must be given.
func (p *pollard) watch(kind, user string) *watcher {
	p.t.Helper()
	w, resp, err := p.tryWatch(kind, user)
	if err != nil {
		p.t.Fatalf("%s of %s: %v, %v", kind, user, err, resp)
	}
	return w
}

// tryWatch opens a watch of a kind, or returns the response that refuses it.
func (p *pollard) tryWatch(kind, user string) (*watcher, *http.Response, error) {
	w := &watcher{kind: kind, user: user, ended: make(chan struct{})}
	if kind == "events" {
		return p.stream(w)
	}
	d, path := websocket.Dialer{}, "/doc"
	switch kind {
	case "v1":
		d.Subprotocols = []string{"pollard.v1"}
	case "cable":
		d.Subprotocols, path = []string{"actioncable-v1-json"}, "/-/pollard/cable"
	}
	conn, resp, err := d.Dial("ws://"+p.front+path, http.Header{"Origin": {"http://" + p.front}, "Cookie": {"user=" + user}})
	if err != nil {
		return nil, resp, err
	}
	if kind == "cable" {
		err = conn.WriteMessage(websocket.TextMessage, []byte(`{"command":"subscribe","identifier":"{\"channel\":\"PollChannel\",\"path\":\"/doc\"}"}`))
	}
	w.hang = func() { conn.Close() }
	p.t.Cleanup(w.hang)
	go w.read(conn)
	return w, resp, err
}

func (w *watcher) read(conn *websocket.Conn) {
	defer close(w.ended)
	defer conn.Close()
	for {
		_, message, err := conn.ReadMessage()
		var closed *websocket.CloseError
		if errors.As(err, &closed) {
			w.code, w.why = closed.Code, closed.Text
		}
		if err != nil {
			return
		}
		w.hears(string(message))
	}
}

func (p *pollard) stream(w *watcher) (*watcher, *http.Response, error) {
	ctx, cancel := context.WithCancel(context.Background())
	p.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.front+"/doc", nil)
	if err != nil {
		return nil, nil, err
	}
	r.Header = http.Header{"Cookie": {"user=" + w.user}, "Accept": {"text/event-stream"}}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, resp, errors.New("refused")
	}
	w.hang = cancel
	go func() {
		defer close(w.ended)
		defer resp.Body.Close()
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			w.hears(lines.Text())
		}
	}()
	return w, resp, nil
}

func (w *watcher) hears(message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = append(w.heard, message)
}

// all returns everything that was heard, with quotes as in a body.
func (w *watcher) all() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.heard, "\n")
}

// hasHeard reports an error until a text was heard.
func (w *watcher) hasHeard(text string) func() error {
	return func() error {
		if heard := w.all(); !strings.Contains(heard, text) {
			return fmt.Errorf("%s of %s heard %q, want %q", w.kind, w.user, heard, text)
		}
		return nil
	}
}

// over waits for the end.
func (w *watcher) over() error {
	select {
	case <-w.ended:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("%s of %s goes on", w.kind, w.user)
	}
}

// endedWith waits for the end and reports what is other than a proper one.
func (w *watcher) endedWith(code int, words map[string]string) error {
	if err := w.over(); err != nil {
		return err
	}
	if heard := w.all(); !strings.Contains(heard, words[w.kind]) {
		return fmt.Errorf("%s of %s heard %q at last, want %q", w.kind, w.user, heard[max(0, len(heard)-200):], words[w.kind])
	}
	if w.kind != "events" && w.code != code {
		return fmt.Errorf("%s of %s was closed with %d %q, want %d", w.kind, w.user, w.code, w.why, code)
	}
	return nil
}

// comesBack returns the delay that a close frame gives, or the last retry field
// of an event stream.
func (w *watcher) comesBack() (time.Duration, error) {
	if w.kind == "events" {
		said := retryField.FindAllStringSubmatch(w.all(), -1)
		ms, err := strconv.Atoi(said[len(said)-1][1])
		return time.Duration(ms) * time.Millisecond, err
	}
	var reason struct {
		AfterMS *int64 `json:"after_ms"`
	}
	if err := json.Unmarshal([]byte(w.why), &reason); err != nil || reason.AfterMS == nil {
		return 0, fmt.Errorf("%s of %s: the reason is %q, want after_ms", w.kind, w.user, w.why)
	}
	return time.Duration(*reason.AfterMS) * time.Millisecond, nil
}

// retryField is in every event stream at least once, at its beginning.
var retryField = regexp.MustCompile(`(?m)^retry: (\d+)$`)

// poll asks once.
func (p *pollard) poll(c *http.Client, user string, lines ...string) (*http.Response, string, error) {
	r, err := http.NewRequest(http.MethodGet, "http://"+p.front+"/doc", nil)
	if err != nil {
		return nil, "", err
	}
	r.Header.Set("Cookie", "user="+user)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	resp, err := c.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

// pollers poll steadily until they are stopped, or nobody listens any more.
type pollers struct {
	stop   func() // and wait
	polls  atomic.Int64
	failed sync.Map // what went wrong
}

func (p *pollard) steadily(users ...string) *pollers {
	ps, ctx := &pollers{}, context.Background()
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for _, user := range users {
		running.Go(func() {
			c := &http.Client{Transport: &http.Transport{}}
			defer c.CloseIdleConnections()
			for ctx.Err() == nil {
				resp, body, err := p.poll(c, user)
				switch {
				case errors.Is(err, syscall.ECONNREFUSED):
					return // it has stopped: others take over
				case err != nil:
					ps.failed.Store(err.Error(), true)
				case resp.StatusCode != http.StatusOK || !strings.Contains(body, fmt.Sprintf("%q", user)):
					ps.failed.Store(resp.Status+" "+body, true)
				}
				ps.polls.Add(1)
				pause(ctx, 2*time.Millisecond)
			}
		})
	}
	ps.stop = func() { cancel(); running.Wait() }
	p.t.Cleanup(ps.stop)
	return ps
}

// eventuallyPoll waits until so many more polls were answered.
func (ps *pollers) eventuallyPoll(p *pollard, more int64) {
	p.t.Helper()
	want := ps.polls.Load() + more
	p.eventually(func() error {
		if n := ps.polls.Load(); n < want {
			return fmt.Errorf("%d polls, want %d", n, want)
		}
		return nil
	})
}

// pause keeps a poller from taking the processors from everyone else.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// wantNoFailure is asked once they have stopped.
func (ps *pollers) wantNoFailure(p *pollard) {
	p.t.Helper()
	ps.failed.Range(func(what, _ any) bool {
		p.t.Errorf("a poll failed: %v", what)
		return true
	})
	if ps.polls.Load() == 0 {
		p.t.Error("nobody polled")
	}
}
