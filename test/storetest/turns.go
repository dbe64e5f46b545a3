package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// Turns are the cases about whose turn it is.
func Turns() []Case {
	return []Case{
		{"one instance takes the turn and whoever comes meanwhile is told what it publishes", meanwhile},
		{"whoever waits is told no matter how large the state", large},
		{"whoever waits takes the turn that is released", released},
		{"whoever waits longer than the patience asks alone", late},
		{"whoever stops waiting is told why", canceled},
		{"a turn that is not heard of is taken by another", lapsed},
		{"the turn of one name is not that of another", apart},
		{"a state that is not fresh enough is asked for again", stale},
		{"after a publication the turn is free", free},
		{"an instance that leaves has given its turns back", left},
	}
}

type result struct {
	turn coalescer.Turn
	said *coalescer.Said
	err  error
}

// begin has an instance begin beside the case.
func (f *Fleet) begin(ctx context.Context, instance int, terms coalescer.Terms) <-chan result {
	done := make(chan result, 1)
	go func() {
		turn, said, err := f.Stores[instance].Begin(ctx, name, terms)
		done <- result{turn, said, err}
	}()
	return done
}

func meanwhile(t *testing.T, f *Fleet) {
	turn := f.take(t, 0, terms)
	second, third := f.begin(t.Context(), 1, terms), f.begin(t.Context(), 2, terms)
	turn.Publish(state(`"a"`))
	for _, done := range []<-chan result{second, third} {
		if r := <-done; r.said == nil || r.said.Tag != `"a"` {
			t.Errorf("got %+v, error %v, want to be told \"a\"", r.said, r.err)
		}
	}
}

func large(t *testing.T, f *Fleet) {
	turn := f.take(t, 0, terms)
	done := f.begin(t.Context(), 1, terms)
	said := state(`"a"`)
	said.Body = incompressible(200_000)
	turn.Publish(said)
	if r := <-done; r.said == nil || string(r.said.Body) != string(said.Body) {
		t.Errorf("got error %v, want to be told 200,000 bytes", r.err)
	}
}

// incompressible returns n bytes that no compression makes fewer.
func incompressible(n int) []byte {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return b
}

func released(t *testing.T, f *Fleet) {
	turn := f.take(t, 0, terms)
	done := f.begin(t.Context(), 1, terms)
	turn.Release()
	if r := <-done; r.turn == nil {
		t.Errorf("got %+v, error %v, want the turn", r.said, r.err)
	}
}

func late(t *testing.T, f *Fleet) {
	turn := f.take(t, 0, terms)
	defer turn.Release()
	if got := <-f.begin(t.Context(), 1, terms); got.err == nil || got.turn != nil || got.said != nil {
		t.Errorf("got %+v, want an error", got)
	}
}

func canceled(t *testing.T, f *Fleet) {
	turn := f.take(t, 0, terms)
	defer turn.Release()
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	done := f.begin(ctx, 1, terms)
	cancel(gone)
	if got := <-done; !errors.Is(got.err, gone) {
		t.Errorf("got error %v, want %v", got.err, gone)
	}
}

func lapsed(t *testing.T, f *Fleet) {
	short := terms
	short.Lease = brief
	f.take(t, 0, short)
	f.eventually(t, 1, terms).Publish(state(`"b"`))
	if got := f.told(t, 2, terms).Tag; got != `"b"` {
		t.Errorf("got %s, want \"b\"", got)
	}
}

func apart(t *testing.T, f *Fleet) {
	f.take(t, 0, terms).Publish(state(`"a"`))
	other := coalescer.Name{2}
	turn, said, err := f.Stores[1].Begin(t.Context(), other, terms)
	if turn == nil {
		t.Fatalf("got %v, error %v, want the turn", said, err)
	}
	turn.Publish(state(`"b"`))
	if got := f.told(t, 2, terms).Tag; got != `"a"` {
		t.Errorf("got %s, want \"a\"", got)
	}
}

func stale(t *testing.T, f *Fleet) {
	f.take(t, 0, terms).Publish(state(`"a"`))
	f.told(t, 1, terms)
	demanding := terms
	demanding.Fresh = time.Millisecond
	pause(t.Context())
	f.take(t, 1, demanding)
}

func left(t *testing.T, f *Fleet) {
	f.take(t, 0, terms).Release()
	f.Leave(0)
	f.take(t, 1, terms)
}

func free(t *testing.T, f *Fleet) {
	f.take(t, 0, terms).Publish(state(`"a"`))
	f.told(t, 1, terms)
	demanding := terms
	demanding.Fresh = 0
	f.take(t, 2, demanding).Publish(state(`"b"`))
	f.becomes(t, 1, `"b"`)
}
