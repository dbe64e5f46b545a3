package legacy

import (
	"maps"
	"net/http"
	"sync"
)

// A Call is one request that reached the application.
type Call struct {
	Route   string // one of the Route constants, "" for pages, assets and everything else that is no poll
	Path    string
	Session string // the session that the request named, "" when it named none that is open
	Status  int
}

// isSubscription reports whether r asks for a socket or a stream, of which the application has none: no poll, whatever its URL.
func isSubscription(r *http.Request) bool {
	return r.Header.Get("Upgrade") != "" || r.Header.Get("Accept") == "text/event-stream"
}

// Calls counts requests by route name and status.
type Calls map[string]map[int]int

// Route returns the number of requests to one route, whatever their status.
func (c Calls) Route(name string) int {
	n := 0
	for _, count := range c[name] {
		n += count
	}
	return n
}

// A Tally adds up calls. The zero value is empty and usable; it is safe for concurrent use.
type Tally struct {
	mu    sync.Mutex
	calls Calls
}

// Add counts one call.
func (t *Tally) Add(c Call) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.calls == nil {
		t.calls = Calls{}
	}
	if t.calls[c.Route] == nil {
		t.calls[c.Route] = map[int]int{}
	}
	t.calls[c.Route][c.Status]++
}

// Calls returns a copy of the counts so far.
func (t *Tally) Calls() Calls {
	t.mu.Lock()
	defer t.mu.Unlock()
	calls := make(Calls, len(t.calls))
	for route, byStatus := range t.calls {
		calls[route] = maps.Clone(byStatus)
	}
	return calls
}
