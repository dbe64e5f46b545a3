package dashboards

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/ledger"
)

// traffic is everybody who polls and watches through a front door.
type traffic struct {
	t        *testing.T
	front    string
	client   *http.Client
	ctx      context.Context // of those who poll
	stop     func()          // polling, and wait
	running  sync.WaitGroup
	watchers sync.WaitGroup
	heard    map[string]*atomic.Int64 // states, by transport

	mu    sync.Mutex
	polls map[string]int // that were answered, by route; guarded by mu
	conns []io.Closer    // of watchers; guarded by mu
}

func newTraffic(t *testing.T, front string) *traffic {
	ctx, cancel := context.WithCancel(context.Background())
	tr := &traffic{t: t, front: front, ctx: ctx, polls: make(map[string]int), heard: make(map[string]*atomic.Int64)}
	tr.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	tr.stop = func() { cancel(); tr.running.Wait(); tr.client.CloseIdleConnections() }
	t.Cleanup(func() { tr.stop(); tr.hangUp() })
	return tr
}

// poll has a user request a path again and again, with further header lines. A request
// is not broken off: everybody counts what was answered.
func (tr *traffic) poll(user, path string, every time.Duration, lines ...string) {
	tr.running.Go(func() {
		for again := time.NewTicker(every); ; {
			select {
			case <-again.C:
			case <-tr.ctx.Done():
				again.Stop()
				return
			}
			tr.request(http.MethodGet, user, path, lines...)
		}
	})
}

// suffer has forty users poll what is faulty, each at a pace of its own: at the same pace
// the same few would always ask first and be given all errors, and no guard moves a
// route for the sake of few.
func (tr *traffic) suffer() {
	for i := range 40 {
		tr.poll(fmt.Sprintf("user-%d", i), fmt.Sprintf("/faulty/%d", i%2), time.Duration(150+5*i)*time.Millisecond)
	}
}

// request makes one, and counts it if it is a poll.
func (tr *traffic) request(method, user, path string, lines ...string) {
	r, err := http.NewRequest(method, tr.front+path, nil)
	if err != nil {
		tr.t.Error(err)
		return
	}
	r.Header.Set("Cookie", "user="+user)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	resp, err := tr.client.Do(r)
	if err != nil {
		tr.t.Errorf("%s %s: %v", method, path, err)
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body) // a body that breaks off is a poll too
	resp.Body.Close()
	if method != http.MethodGet {
		return
	}
	route := routeOf(path)
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.polls[route]++
}

// told says by which text each kind of watcher is told a state, by the transport
// that metrics name.
var told = map[string]string{"websocket": `"type":"document"`, "actioncable": `"type":"document"`, "events": "event: document"}

// watch has a user watch a path by a transport.
func (tr *traffic) watch(transport, user, path string) {
	tr.t.Helper()
	if tr.heard[transport] == nil {
		tr.heard[transport] = new(atomic.Int64)
	}
	heard := tr.heard[transport]
	hears := func(text string) {
		if strings.Contains(text, told[transport]) {
			heard.Add(1)
		}
	}
	if transport == "events" {
		tr.stream(user, path, hears)
		return
	}
	d, at := websocket.Dialer{Subprotocols: []string{"pollard.v1"}}, path
	if transport == "actioncable" {
		d.Subprotocols, at = []string{"actioncable-v1-json"}, "/-/pollard/cable"
	}
	conn, _, err := d.Dial("ws"+strings.TrimPrefix(tr.front, "http")+at, http.Header{"Origin": {tr.front}, "Cookie": {"user=" + user}})
	if err != nil {
		tr.t.Fatalf("%s of %s: %v", transport, user, err)
	}
	tr.keep(conn)
	if transport == "actioncable" {
		identifier := fmt.Sprintf(`{"channel":"PollChannel","path":%q}`, path)
		if err := conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"command":"subscribe","identifier":%q}`, identifier)); err != nil {
			tr.t.Fatal(err)
		}
	}
	tr.watchers.Go(func() {
		for {
			_, message, err := conn.ReadMessage()
			if err != nil {
				return // it was hung up
			}
			hears(string(message))
		}
	})
}

func (tr *traffic) stream(user, path string, hears func(string)) {
	tr.t.Helper()
	r, err := http.NewRequest(http.MethodGet, tr.front+path, nil)
	if err != nil {
		tr.t.Fatal(err)
	}
	r.Header = http.Header{"Cookie": {"user=" + user}, "Accept": {"text/event-stream"}}
	resp, err := tr.client.Do(r)
	if err != nil {
		tr.t.Fatal(err)
	}
	tr.keep(resp.Body)
	if resp.StatusCode != http.StatusOK {
		tr.t.Fatalf("events of %s: got %s", user, resp.Status)
	}
	tr.watchers.Go(func() {
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			hears(lines.Text())
		}
	})
}

func (tr *traffic) keep(c io.Closer) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.conns = append(tr.conns, c)
}

// hangUp ends every watch.
func (tr *traffic) hangUp() {
	tr.mu.Lock()
	conns := tr.conns
	tr.conns = nil
	tr.mu.Unlock()
	for _, c := range conns {
		c.Close()
	}
	tr.watchers.Wait()
}

// isTold writes, and waits until a watcher of each transport hears of it.
func (tr *traffic) isTold() {
	tr.t.Helper()
	before := make(map[string]int64)
	for transport, n := range tr.heard {
		before[transport] = n.Load()
	}
	eventually(tr.t, func() error { // watchers may be told of one state in place of two
		tr.request(http.MethodPost, "user-0", "/board/1")
		for transport, n := range tr.heard {
			if n.Load() == before[transport] {
				return fmt.Errorf("nobody hears by %s", transport)
			}
		}
		return nil
	})
}

// goesOn waits until so many more polls of each route were answered.
func (tr *traffic) goesOn(more int) {
	tr.t.Helper()
	before := tr.answered()
	eventually(tr.t, func() error {
		for route, n := range tr.answered() {
			if n < before[route]+more {
				return fmt.Errorf("%d polls of %s, want %d more than %d", n, route, more, before[route])
			}
		}
		return nil
	})
}

// eventuallyHears waits until watchers have heard all that was written to them.
func (tr *traffic) eventuallyHears(p *instance) {
	tr.t.Helper()
	eventually(tr.t, func() error {
		for transport, n := range tr.heard {
			label := fmt.Sprintf("transport=%q", transport)
			if written := p.sum("pollard_deliveries_total", label, `result="delivered"`); written != float64(n.Load()) {
				return fmt.Errorf("%s: %v deliveries counted, %d heard", transport, written, n.Load())
			}
		}
		return nil
	})
}

// answered returns how many polls were, by route.
func (tr *traffic) answered() map[string]int {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return maps.Clone(tr.polls)
}

// wantAnswered holds the polls that were counted to those that clients made.
func (tr *traffic) wantAnswered(counted tally) {
	tr.t.Helper()
	polls := tr.answered()
	polls[ledger.Other] = 0 // what is on no route is no poll
	for route, n := range polls {
		if got := counted[route].polls; got != float64(n) {
			tr.t.Errorf("%s: got %v polls counted, want the %d that were answered", route, got, n)
		}
	}
}
