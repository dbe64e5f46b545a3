package coalescer

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"
)

// numbered returns a key whose slot says nothing of its number.
func numbered(n int) (k Key) {
	binary.LittleEndian.PutUint64(k.Target[8:], uint64(n)*0x9e3779b97f4a7c15)
	binary.LittleEndian.PutUint64(k.Identity[:], uint64(n))
	return k
}

// All that comes and goes is held against a map; it grows and shrinks a few times over.
func TestTheIndexFindsWhatIsInItAndNothingElse(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var x index
	in := map[Key]*Feed{}
	for step := range 60_000 {
		k := numbered(rng.IntN(3000))
		if got := x.find(&k); got != in[k] {
			t.Fatalf("step %d: got %p, want %p", step, got, in[k])
		}
		grows := step/10_000%2 == 0
		switch f := in[k]; {
		case f == nil && (grows || rng.IntN(8) == 0):
			in[k] = &Feed{key: k}
			x.add(in[k])
		case f != nil && (!grows || rng.IntN(8) == 0):
			x.remove(f)
			delete(in, k)
		}
		if slots := x.slots.Load(); x.count != len(in) || slots != nil && len(*slots) > max(minSlots, 16*len(in)) {
			t.Fatalf("step %d: %d counted in %d slots, want %d", step, x.count, len(*slots), len(in))
		}
	}
}

// Keys that share a slot are told apart.
func TestKeysOfOneSlotAreToldApart(t *testing.T) {
	var x index
	feeds := make([]*Feed, 20)
	for i := range feeds {
		feeds[i] = &Feed{}
		feeds[i].key.Target[0] = byte(i) // no part of what slots are chosen by
		x.add(feeds[i])
	}
	x.remove(feeds[7])
	for i, f := range feeds {
		want := f
		if i == 7 {
			want = nil
		}
		if got := x.find(&f.key); got != want {
			t.Errorf("feed %d: got %p, want %p", i, got, want)
		}
	}
}

// Who reads while feeds are moved is never given another's, and under the lock finds all that are there.
func TestWhoReadsWhileFeedsAreMovedFindsItsOwn(t *testing.T) {
	const stay, pass = 100, 200
	var s shard
	for i := range stay {
		s.index.add(&Feed{key: numbered(i)})
	}
	var readers, writer sync.WaitGroup
	done := make(chan struct{})
	writer.Go(func() {
		defer close(done)
		for range 20 {
			passing := make([]*Feed, pass)
			for i := range passing {
				passing[i] = &Feed{key: numbered(stay + i)}
				s.mu.Lock()
				s.index.add(passing[i])
				s.mu.Unlock()
			}
			for _, f := range passing {
				s.mu.Lock()
				s.index.remove(f)
				s.mu.Unlock()
			}
		}
	})
	for range 4 {
		readers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				k := numbered(i % stay)
				if f := s.peek(&k); f == nil || f.key != k {
					t.Errorf("feed %d: got %v, want it", i%stay, f)
					return
				}
			}
		})
	}
	writer.Wait()
	readers.Wait()
}
