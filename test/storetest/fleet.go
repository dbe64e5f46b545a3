package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
)

// Patience is how long the stores of a Fleet must be told to wait for another
// instance in Begin. Only the case that waits for its end takes that long.
const Patience = 5 * time.Second

// Fleet is three instances that share a store.
type Fleet struct {
	Stores [3]coalescer.Store
	// Leave ends an instance, and returns once what it has published is
	// published.
	Leave func(instance int)
}

// A Case is one promise of coalescer.Store.
type Case struct {
	Name string
	Run  func(t *testing.T, f *Fleet)
}

const hour = time.Hour

// terms under which nothing ends by itself while a case runs.
var terms = coalescer.Terms{Fresh: hour, Lease: hour, Keep: hour}

var name = coalescer.Name{1}

// brief is how long a case lets things last whose end it waits for.
const brief = 50 * time.Millisecond

// state is what upstream says, as a call says it that has just been made.
func state(tag etag.Tag) *coalescer.Said {
	now := time.Now()
	return &coalescer.Said{
		Tag: tag, Header: map[string][]string{"Content-Type": {"text/plain"}, "Etag": {string(tag)}},
		Body: []byte("the body of " + tag), Asked: now, Proven: now,
	}
}

// take has an instance take the turn, which must be free.
func (f *Fleet) take(t *testing.T, instance int, terms coalescer.Terms) coalescer.Turn {
	t.Helper()
	turn, said, err := f.Stores[instance].Begin(t.Context(), name, terms)
	if err != nil || turn == nil {
		t.Fatalf("instance %d: got %v, error %v, want the turn", instance, said, err)
	}
	return turn
}

// told has an instance be told, which must need no turn.
func (f *Fleet) told(t *testing.T, instance int, terms coalescer.Terms) *coalescer.Said {
	t.Helper()
	turn, said, err := f.Stores[instance].Begin(t.Context(), name, terms)
	if err != nil || said == nil {
		t.Fatalf("instance %d: got turn %v, error %v, want to be told", instance, turn, err)
	}
	return said
}

// eventually has an instance begin until it is given the turn.
func (f *Fleet) eventually(t *testing.T, instance int, terms coalescer.Terms) coalescer.Turn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if turn, _, _ := f.Stores[instance].Begin(ctx, name, terms); turn != nil {
			return turn
		}
		pause(ctx)
	}
	t.Fatalf("instance %d is never given the turn", instance)
	return nil
}

// pause lets a moment pass, so that looking again does not keep others from what
// is looked for.
func pause(ctx context.Context) {
	select {
	case <-time.After(5 * time.Millisecond):
	case <-ctx.Done():
	}
}

// becomes waits until an instance is told tag. It may be told an older state
// before, as that is fresh too.
func (f *Fleet) becomes(t *testing.T, instance int, tag etag.Tag) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for f.told(t, instance, terms).Tag != tag {
		if ctx.Err() != nil {
			t.Fatalf("instance %d is never told %s", instance, tag)
		}
		pause(ctx)
	}
}
