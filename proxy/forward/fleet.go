package forward

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A fleet is the endpoints of an Upstream, and how they are found.
type fleet struct {
	// set by newFleet, then read-only
	forwarder *Forwarder
	terms     *terms
	options   EndpointOptions
	sources   []*source
	looked    chan struct{} // closed once every name has been looked up, whatever came of it

	all atomic.Pointer[[]*endpoint]

	// guarded by mu
	mu      sync.Mutex
	found   [][]place // by source: its last good answer
	failed  []error   // by source: why the last look-up was none
	retired bool
}

func (f *Forwarder) newFleet(at Upstream, t Terms, made *terms) *fleet {
	u := &fleet{forwarder: f, terms: made, options: t.Endpoints.bounded(), looked: make(chan struct{})}
	for _, each := range at {
		u.sources = append(u.sources, newSource(each, t.TLS))
	}
	u.found, u.failed = make([][]place, len(u.sources)), make([]error, len(u.sources))
	for i, s := range u.sources {
		u.found[i] = s.stated()
	}
	u.all.Store(new([]*endpoint))
	u.settle()
	return u
}

// start has names looked up and endpoints checked until the context ends.
func (u *fleet) start(ctx context.Context) {
	if slices.ContainsFunc(u.sources, (*source).isName) {
		u.forwarder.running.Go(func() { u.follow(ctx) })
	} else {
		close(u.looked)
	}
	if u.options.Check.Path != "" {
		u.forwarder.running.Go(func() { u.watch(ctx) })
	}
}

// settle makes endpoints of what was found. Those that are there already stay as they are,
// and connections to those that have gone are not used again.
func (u *fleet) settle() {
	u.mu.Lock()
	defer u.mu.Unlock()
	before := *u.all.Load()
	var all []*endpoint
	for i, s := range u.sources {
		for _, p := range u.found[i] {
			if placed(all, s, p) != nil {
				continue
			}
			e := placed(before, s, p)
			if e == nil {
				e = u.discover(s, p)
			}
			all = append(all, e)
		}
	}
	u.all.Store(&all)
	for _, e := range before {
		if !slices.Contains(all, e) {
			u.log().Info("endpoint has gone", "endpoint", e.address, "source", e.source.url.String())
			e.pool.shut()
		}
	}
	if u.retired {
		u.shut()
	}
}

func (u *fleet) discover(s *source, p place) *endpoint {
	if s.isName() {
		u.log().Info("endpoint found", "endpoint", p.address, "source", s.url.String())
	}
	return newEndpoint(u, s, p)
}

// placed returns the one of all that s has at p, or nil.
func placed(all []*endpoint, s *source, p place) *endpoint {
	i := slices.IndexFunc(all, func(e *endpoint) bool { return e.place == p && e.source == s })
	if i < 0 {
		return nil
	}
	return all[i]
}

// retire keeps no connection any more.
func (u *fleet) retire() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.retired = true
	u.shut()
}

func (u *fleet) shut() {
	for _, e := range *u.all.Load() {
		e.pool.shut()
	}
}

// endpoints returns those there are, at least one. At the start it waits for the first
// look-up.
func (u *fleet) endpoints(ctx context.Context) ([]*endpoint, error) {
	if all := *u.all.Load(); len(all) > 0 {
		return all, nil
	}
	select {
	case <-u.looked:
	case <-ctx.Done():
		return nil, interrupted(ctx)
	}
	if all := *u.all.Load(); len(all) > 0 {
		return all, nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, err := range u.failed {
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
	}
	return nil, fmt.Errorf("%w: there is no endpoint", ErrUnreachable)
}

// choose returns the endpoint for a request, nil if all were tried: of those of the best
// standing the one with the fewest requests under way, and of equals any. One that is in
// disgrace is chosen where there is none better, so the last is never given up.
func choose(all, tried []*endpoint) *endpoint {
	if len(all) == 1 && len(tried) == 0 {
		return all[0]
	}
	var chosen *endpoint
	var best merit
	equals, now := 0, time.Now()
	for _, e := range all {
		if slices.Contains(tried, e) {
			continue
		}
		m := e.merit(now)
		switch c := m.compare(best); {
		case chosen == nil || c < 0:
			chosen, best, equals = e, m, 1
		case c == 0:
			if equals++; rand.IntN(equals) == 0 {
				chosen = e
			}
		}
	}
	return chosen
}

func (u *fleet) log() *slog.Logger { return u.forwarder.log }
