//go:build linux

package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// pusher is the least server that a watcher can be told by.
type pusher struct {
	board *board

	mu    sync.Mutex
	conns []*websocket.Conn
	mute  bool // the last who came is told nothing more
}

func (p *pusher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Method == http.MethodPost {
		p.board.serveControl(w, r)
		document, _ := p.board.show("")
		told := p.conns
		if p.mute {
			told = told[:len(told)-1]
		}
		for _, conn := range told {
			conn.WriteMessage(websocket.PingMessage, []byte("there?"))
			conn.WriteMessage(websocket.TextMessage, document)
		}
		return
	}
	conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	p.conns = append(p.conns, conn)
	conn.WriteMessage(websocket.TextMessage, boardDocument(0, 1024))
}

func (p *pusher) close() {
	for _, conn := range p.conns {
		conn.Close()
	}
}

func watch(t *testing.T, p *pusher, limit time.Duration) (watchResult, error) {
	t.Helper()
	server := httptest.NewServer(p)
	defer server.Close()
	defer p.close()
	addr := server.Listener.Addr().String()
	w, err := newWatchers(watchPlan{
		Addr: addr, Target: "/board", Watchers: 5, AtOnce: 2, Server: os.Getpid(),
		Changes: 2, Size: 1024, Gap: time.Millisecond, Limit: limit, Tell: []place{{Addr: addr, Target: "/board"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	return w.run(t.Context())
}

func TestWatchersNoteWhenEachHasEachChange(t *testing.T) {
	r, err := watch(t, &pusher{board: newBoard()}, answerLimit)
	if err != nil {
		t.Fatal(err)
	}
	for what, n := range map[string][2]int{
		"deliveries": {r.Deliveries, 10}, "times written": {len(r.Written), 10}, "times had": {len(r.Had), 10}, "changes": {len(r.Last), 2},
	} {
		if n[0] != n[1] {
			t.Errorf("got %d %s, want %d", n[0], what, n[1])
		}
	}
	if r.Before.PSS <= 0 || r.Before.RSS < r.Before.PSS {
		t.Errorf("got a footprint of %+v", r.Before)
	}
}

func TestAWatcherWhoIsNotToldFailsTheMeasurement(t *testing.T) {
	_, err := watch(t, &pusher{board: newBoard(), mute: true}, time.Second)
	if err == nil || !strings.Contains(err.Error(), "1 watchers are not told") {
		t.Errorf("got %v, want an error that says so", err)
	}
}

func TestQuantilesAreOfWhatWasMeasured(t *testing.T) {
	var times []time.Duration
	for i := range 200 {
		times = append(times, time.Duration(200-i))
	}
	if got, want := quantilesOf(times), (quantiles{101, 199, 200}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
