package fleet

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/redistest"
)

// loss loses one message in so many, the same in every run.
type loss struct {
	oneIn int

	mu       sync.Mutex
	random   *rand.Rand
	messages int
	lost     int
}

func (l *loss) next() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.messages++
	if l.random.IntN(l.oneIn) > 0 {
		return false
	}
	l.lost++
	return true
}

func (l *loss) counts() (messages, lost int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.messages, l.lost
}

// What the fleet knows the others find at their next look, an interval later at most, though nobody tells them.
func TestWatchersHaveTheNewestStateThoughHintsAreLost(t *testing.T) {
	t.Parallel()
	for name, oneIn := range map[string]int{"one in ten": 10, "all": 1} {
		t.Run(name, func(t *testing.T) {
			takesSeconds(t)
			lossy := &loss{oneIn: oneIn, random: rand.New(rand.NewPCG(1, 2))}
			redis := redistest.Start(t)
			wire := redistest.NewLossyWire(t, redis.Addr, lossy.next)
			f := join(t, redis, []string{"redis://" + wire.Addr}, "stage: push", "share: everything")
			a := gatherWatchers(t, f)
			changes, began := int(*calm/interval), time.Now()
			for i := range changes {
				<-time.After(interval * time.Duration(i%10) / 10) // at any time between two looks
				f.upstream.change()
				a.awaits(t)
			}
			messages, lost := lossy.counts()
			p50, p99, longest := a.lag()
			t.Logf("%d changes, %d of %d messages lost; from when one instance was told until a watcher was: median %v, p99 %v, at most %v",
				changes, lost, messages, p50, p99, longest)
			if lost == 0 {
				t.Error("no message was lost")
			}
			if *strict && longest > interval+interval/10 {
				t.Errorf("a watcher was told after %v, want an interval at most", longest)
			}
			if *strict && oneIn > 1 { // who is told nothing at all asks now and then for itself
				if err := oneAnInterval(f.upstream.since(began)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
