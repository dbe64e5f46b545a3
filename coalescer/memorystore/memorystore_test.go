package memorystore_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/memorystore"
	"github.com/pollard-proxy/pollard/test/storetest"
)

func TestMemoryKeepsTheContractOfAStore(t *testing.T) {
	for _, c := range slices.Concat(storetest.Turns(), storetest.States(), storetest.Watches(), storetest.Private(), storetest.Crowds()) {
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fleet := memorystore.New(memorystore.Options{Patience: storetest.Patience})
				c.Run(t, &storetest.Fleet{
					Stores: [3]coalescer.Store{fleet.Instance(), fleet.Instance(), fleet.Instance()},
					Leave:  func(int) {},
				})
			})
		})
	}
}

func TestWhoeverWaitsIsGivenTheTurnTheMomentItLapses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := memorystore.New(memorystore.Options{})
		terms := coalescer.Terms{Lease: 300 * time.Millisecond, Keep: time.Hour}
		begin(t, fleet.Instance(), coalescer.Name{1}, terms)
		start := time.Now()
		begin(t, fleet.Instance(), coalescer.Name{1}, coalescer.Terms{Lease: time.Hour, Keep: time.Hour})
		if got := time.Since(start); got != terms.Lease {
			t.Errorf("got it after %v, want %v", got, terms.Lease)
		}
	})
}

func TestPatienceIsNotLongerThanTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := memorystore.New(memorystore.Options{Patience: time.Second})
		begin(t, fleet.Instance(), coalescer.Name{1}, coalescer.Terms{Lease: time.Hour})
		start := time.Now()
		_, _, err := fleet.Instance().Begin(t.Context(), coalescer.Name{1}, coalescer.Terms{Lease: 100 * time.Millisecond})
		if got := time.Since(start); !errors.Is(err, memorystore.ErrLate) || got != 100*time.Millisecond {
			t.Errorf("got %v after %v, want %v after 100ms", err, got, memorystore.ErrLate)
		}
	})
}

func TestNamesAreBoundedAndThoseOfNoUseMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := memorystore.New(memorystore.Options{Names: 2}).Instance()
		terms := coalescer.Terms{Lease: time.Minute, Keep: time.Minute}
		begin(t, in, coalescer.Name{1}, terms)
		begin(t, in, coalescer.Name{2}, terms).Publish(&coalescer.Said{Tag: `"a"`, Asked: time.Now()})
		if _, _, err := in.Begin(t.Context(), coalescer.Name{3}, terms); !errors.Is(err, memorystore.ErrFull) {
			t.Errorf("a third name: got %v, want %v", err, memorystore.ErrFull)
		}
		time.Sleep(time.Minute)
		begin(t, in, coalescer.Name{3}, terms)
	})
}

// begin takes a turn, which must be free sooner or later.
func begin(t *testing.T, in *memorystore.Instance, name coalescer.Name, terms coalescer.Terms) coalescer.Turn {
	t.Helper()
	turn, said, err := in.Begin(t.Context(), name, terms)
	if turn == nil {
		t.Fatalf("got %v, error %v, want the turn", said, err)
	}
	return turn
}
