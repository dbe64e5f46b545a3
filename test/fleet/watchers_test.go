package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// watchers is how many there are, on all instances: within what one address may have on one.
const watchers = 240

// audience watches the document.
type audience struct {
	upstream *upstream

	mu   sync.Mutex
	has  [watchers]int   // the newest version of each
	lags []time.Duration // from when upstream told of a version first to each watcher who has it
}

// gatherWatchers has watchers on all instances until the test ends.
func gatherWatchers(t *testing.T, f *fleet) *audience {
	t.Helper()
	a := &audience{upstream: f.upstream}
	for i := range watchers {
		conn := dial(t, f.instances[i%instances].front)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			a.listen(t, i, conn)
		}()
		t.Cleanup(func() {
			conn.Close()
			<-ended
		})
	}
	return a
}

func dial(t *testing.T, addr string) *websocket.Conn {
	t.Helper()
	dialer := websocket.Dialer{NetDialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}}
	var conn *websocket.Conn
	eventually(t, func() (err error) { // on a busy machine upstream may not answer within the route's timeout
		conn, _, err = dialer.Dial("ws://"+host+"/doc", http.Header{"Origin": {"http://" + host}})
		return err
	})
	return conn
}

// listen takes in what a watcher is told, until its connection is closed.
func (a *audience) listen(t *testing.T, watcher int, conn *websocket.Conn) {
	for {
		_, told, err := conn.NextReader()
		if err != nil {
			return // who waits for what it does not say notices
		}
		var doc struct{ State string }
		var version int
		if err := json.NewDecoder(told).Decode(&doc); err == nil {
			_, err = fmt.Sscanf(doc.State, `W/"%d"`, &version)
		}
		if err != nil {
			t.Errorf("watcher %d was told %q: %v", watcher, doc.State, err)
			return
		}
		a.takes(watcher, version)
	}
}

func (a *audience) takes(watcher, version int) {
	lag := time.Since(a.upstream.toldAt(version))
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.has[watcher] < version {
		a.has[watcher] = version
		a.lags = append(a.lags, lag)
	}
}

// awaits waits until every watcher has the newest version.
func (a *audience) awaits(t *testing.T) {
	t.Helper()
	eventually(t, func() error {
		newest := a.upstream.newest()
		a.mu.Lock()
		defer a.mu.Unlock()
		if i := slices.IndexFunc(a.has[:], func(has int) bool { return has != newest }); i >= 0 {
			return fmt.Errorf("watcher %d, on instance %d, has version %d, not %d", i, i%instances, a.has[i], newest)
		}
		return nil
	})
}

// lag returns that of the middle, of one in a hundred, and the longest.
func (a *audience) lag() (p50, p99, longest time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := slices.Sorted(slices.Values(a.lags))
	return l[len(l)/2], l[len(l)*99/100], l[len(l)-1]
}
