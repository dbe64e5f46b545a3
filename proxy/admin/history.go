package admin

import (
	"context"
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy"
)

// How much is remembered of each route: an hour, in about 35 kB.
const (
	slotTime = 10 * time.Second
	slots    = 360
)

// History remembers the last hour of each route that is in force, so that an
// instance can be looked at without Prometheus. What a reload removes is
// forgotten. Times are measured, not read off a clock: one that is set back or
// forth changes no rate.
type History struct {
	// Set by NewHistory, then read-only.
	proxy  *proxy.Handler
	ledger *ledger.Ledger
	began  time.Time

	mu     sync.Mutex
	tracks map[string]*track // by route; guarded by mu
}

// NewHistory returns a History of the routes of p. It is empty until [History.Begin]
// or [History.Run].
func NewHistory(p *proxy.Handler, led *ledger.Ledger) *History {
	return &History{proxy: p, ledger: led, began: time.Now(), tracks: make(map[string]*track)}
}

// Run takes down what the ledger counts every ten seconds, until the context ends.
func (h *History) Run(ctx context.Context) {
	ticker := time.NewTicker(slotTime)
	defer ticker.Stop()
	for {
		h.take()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Begin remembers routes from now on, of those that it does not remember already:
// before they are put in force, so that no poll of theirs is missed. What does not
// come in force is forgotten again.
func (h *History) Begin(routes []proxy.RouteOptions) {
	now := time.Since(h.began)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range routes {
		if h.tracks[r.Name] == nil {
			h.tracks[r.Name] = h.begin(now, r.Name)
		}
	}
}

func (h *History) begin(now time.Duration, route string) *track {
	r := read(h.ledger.Route(route))
	return &track{start: now, end: now, first: r, last: r}
}

// take ends a slot of every route, but for one that has just begun: of a second, no
// rate can be told.
func (h *History) take() {
	now, routes := time.Since(h.began), h.proxy.Routes()
	h.mu.Lock()
	defer h.mu.Unlock()
	kept := make(map[string]*track, len(routes))
	for _, r := range routes {
		t := h.tracks[r.Name]
		switch {
		case t == nil:
			t = h.begin(now, r.Name)
		case now-t.end >= slotTime/2:
			t.add(now, read(h.ledger.Route(r.Name)))
		}
		kept[r.Name] = t
	}
	h.tracks = kept
}

// Window is what was counted in the time that is remembered, up to now.
type Window struct {
	Seconds  float64 `json:"seconds"`
	Polls    uint64  `json:"polls"`
	Upstream uint64  `json:"upstream"`
	Avoided  float64 `json:"avoided"` // modelled
}

// Window returns what was counted of a route; nothing before the first slot has
// begun. The ledger is read with mu held: what it says is never older than that.
func (h *History) Window(route string) Window {
	h.mu.Lock()
	defer h.mu.Unlock()
	t, ok := h.tracks[route]
	if !ok {
		return Window{}
	}
	totals := h.ledger.Route(route).Totals()
	w := Window{Seconds: (time.Since(h.began) - t.start).Seconds()}
	w.Polls = totals.Polls - t.first.sumPolls()
	w.Upstream = totals.Upstream - t.first.sumCalls()
	w.Avoided = max(0, totals.Avoided-t.first.avoided)
	return w
}

// slots returns the newest slots of a route, at most n, the oldest first.
func (h *History) slots(route string, n int) []slot {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t, ok := h.tracks[route]; ok {
		return t.newest(n)
	}
	return nil
}
