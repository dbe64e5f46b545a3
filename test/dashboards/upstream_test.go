package dashboards

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/ledger"
)

// upstream logs every request by the route that it counts for.
type upstream struct {
	server *httptest.Server

	mu      sync.Mutex
	version int
	log     map[string]int // guarded by mu
}

func newUpstream(t *testing.T) *upstream {
	u := &upstream{log: make(map[string]int)}
	u.server = httptest.NewServer(u)
	t.Cleanup(u.server.Close)
	return u
}

// ServeHTTP answers a write with a new state of everything, and everything below
// /faulty/ badly where it is asked with a condition, as only Pollard does.
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route := routeOf(r.URL.Path)
	if r.Method == http.MethodPost {
		route = ledger.Other // a write is no poll, wherever it goes
	}
	u.mu.Lock()
	u.log[route]++
	if r.Method == http.MethodPost {
		u.version++
	}
	tag := fmt.Sprintf(`"%d"`, u.version)
	u.mu.Unlock()
	condition := r.Header.Get("If-None-Match")
	w.Header().Set("ETag", tag)
	switch {
	case r.Method == http.MethodPost:
		w.WriteHeader(http.StatusNoContent)
	case route == "faulty" && condition != "":
		http.Error(w, "no such column: etag", http.StatusInternalServerError)
	case condition == tag:
		w.WriteHeader(http.StatusNotModified)
	default:
		io.WriteString(w, tag)
	}
}

// logged returns how many requests have arrived, by route.
func (u *upstream) logged() map[string]int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return maps.Clone(u.log)
}

// routeOf returns the route that a path belongs to.
func routeOf(path string) string {
	if first, _, found := strings.Cut(path[1:], "/"); found {
		return first
	}
	return ledger.Other
}

// isLeftAlone waits until a second passes without a call. All were counted by then.
func (u *upstream) isLeftAlone(t *testing.T) {
	t.Helper()
	eventually(t, func() error {
		before := u.logged()
		<-time.After(time.Second)
		if after := u.logged(); !maps.Equal(before, after) {
			return fmt.Errorf("upstream is still called: %v, then %v", before, after)
		}
		return nil
	})
}

// wantLogged holds the calls that were counted to the log.
func (u *upstream) wantLogged(t *testing.T, counted tally) {
	t.Helper()
	for route, n := range u.logged() {
		if got := counted[route].calls; got != float64(n) {
			t.Errorf("%s: got %v calls counted, want the %d that are in upstream's log", route, got, n)
		}
	}
}
