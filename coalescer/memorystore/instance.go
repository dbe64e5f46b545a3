package memorystore

import (
	"context"
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// Instance is the coalescer.Store of one instance.
type Instance struct{ fleet *Fleet }

// Begin is coalescer.Store's. It waits for another instance no longer than the
// smaller of the lease and Options.Patience.
func (in *Instance) Begin(ctx context.Context, name coalescer.Name, t coalescer.Terms) (coalescer.Turn, *coalescer.Said, error) {
	patience := time.NewTimer(min(t.Lease, in.fleet.options.Patience))
	defer patience.Stop()
	for {
		turn, said, v, err := in.try(name, t)
		switch {
		case err != nil:
			return nil, nil, err
		case turn != nil:
			return turn, nil, nil
		case said != nil:
			return nil, said, nil
		}
		err = v.wait(ctx, patience.C)
		v.leave()
		if err != nil {
			return nil, nil, err
		}
	}
}

// try takes the turn, or returns what is fresh, or where to wait.
func (in *Instance) try(name coalescer.Name, t coalescer.Terms) (*turn, *coalescer.Said, *visit, error) {
	in.fleet.mu.Lock()
	defer in.fleet.mu.Unlock()
	now := time.Now()
	d := in.fleet.document(name)
	if d == nil {
		return nil, nil, nil, ErrFull
	}
	if said := d.current(now, t.Fresh); said != nil && !in.fleet.isVoid(name, said) {
		return nil, said, nil, nil
	}
	if number, ok := d.take(now, t.Lease); ok {
		return &turn{of: in, document: d, number: number, keep: t.Keep}, nil, nil, nil
	}
	d.waiting++
	return nil, nil, &visit{fleet: in.fleet, document: d, news: d.news, lapse: d.leased.Sub(now)}, nil
}

// Watch is coalescer.Store's. changed must not call stop.
func (in *Instance) Watch(name coalescer.Name, changed func()) (stop func()) {
	w := &watch{of: in, changed: changed}
	in.fleet.mu.Lock()
	defer in.fleet.mu.Unlock()
	d := in.fleet.document(name)
	if d == nil {
		return func() {}
	}
	d.watches[w] = struct{}{}
	return func() {
		w.stop()
		in.fleet.mu.Lock()
		defer in.fleet.mu.Unlock()
		delete(d.watches, w)
	}
}

// visit is one wait for somebody else's turn to end.
type visit struct {
	fleet    *Fleet
	document *document
	news     <-chan struct{}
	lapse    time.Duration // the turn is nobody's after it
}

func (v *visit) wait(ctx context.Context, patience <-chan time.Time) error {
	lapsed := time.NewTimer(v.lapse)
	defer lapsed.Stop()
	select {
	case <-v.news:
	case <-lapsed.C:
	case <-patience:
		return ErrLate
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

func (v *visit) leave() {
	v.fleet.mu.Lock()
	defer v.fleet.mu.Unlock()
	v.document.waiting--
}

// turn is coalescer.Turn.
type turn struct {
	of       *Instance
	document *document
	number   uint64
	keep     time.Duration
}

func (t *turn) Publish(s *coalescer.Said) {
	for _, w := range t.publish(s) {
		w.tell()
	}
}

func (t *turn) publish(s *coalescer.Said) []*watch {
	t.of.fleet.mu.Lock()
	defer t.of.fleet.mu.Unlock()
	return t.document.publish(t, s)
}

func (t *turn) Release() {
	t.of.fleet.mu.Lock()
	defer t.of.fleet.mu.Unlock()
	t.document.end(t.number)
}

// watch is somebody who wants to know when another instance publishes.
type watch struct {
	of      *Instance
	changed func()

	mu      sync.Mutex // held while changed runs, so that stop waits for it
	stopped bool
}

func (w *watch) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		w.changed()
	}
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
}
