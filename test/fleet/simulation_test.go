package fleet

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/memorystore"
)

// simulation is a fleet of any size that follows the protocol of coalescer.Store in simulated time: for one document,
// which all instances are asked for all the time. Nothing changes.
type simulation struct {
	instances int
	lease     time.Duration // within which upstream must answer
	stops     bool          // once, whoever has the turn is stopped for longer than the lease
	lasts     time.Duration

	store   *memorystore.Fleet
	calls   atomic.Int64 // to upstream
	begins  atomic.Int64 // of a turn, each a command to the store
	stopped atomic.Bool
}

// Times of the simulation. What is random lies between none and the most.
const (
	mostWire     = 2 * time.Millisecond   // to the store and back
	mostUpstream = 20 * time.Millisecond  // for an answer
	mostPollGap  = 100 * time.Millisecond // from when a document is due to the next poll
)

// run takes all processors for a while. Its tests are not parallel: fleets in real time would suffer beside them.
func (s *simulation) run(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s.store = memorystore.New(memorystore.Options{})
		var all sync.WaitGroup
		for i := range s.instances {
			in := &member{simulation: s, store: s.store.Instance(), random: rand.New(rand.NewPCG(1, uint64(i)))}
			all.Go(in.run)
		}
		all.Wait()
	})
}

// perInterval is how many there are of a count.
func (s *simulation) perInterval(n *atomic.Int64) float64 {
	return float64(n.Load()) * interval.Seconds() / s.lasts.Seconds()
}

// member is one instance.
type member struct {
	*simulation
	store  coalescer.Store
	random *rand.Rand
	asked  time.Time
}

func (m *member) run() {
	time.Sleep(m.upTo(interval))
	for began := time.Now(); time.Since(began) < m.lasts; {
		m.ask()
		time.Sleep(time.Until(m.asked.Add(interval)) + m.upTo(mostPollGap))
	}
}

func (m *member) upTo(most time.Duration) time.Duration {
	return time.Duration(m.random.Int64N(int64(most)))
}

// ask is what coalescer.Feed does when a document is due.
func (m *member) ask() {
	began := time.Now()
	time.Sleep(m.upTo(mostWire))
	m.begins.Add(1)
	terms := coalescer.Terms{Fresh: interval, Lease: m.lease, Keep: time.Minute}
	turn, said, err := m.store.Begin(context.Background(), coalescer.Name{1}, terms)
	if said != nil {
		m.asked = said.Asked
		return
	}
	m.asked = began
	m.calls.Add(1)
	time.Sleep(m.upTo(mostUpstream))
	if err != nil {
		return // each for itself
	}
	if m.stops && time.Now().Second() == 10 && m.stopped.CompareAndSwap(false, true) {
		time.Sleep(2 * m.lease)
	}
	turn.Publish(&coalescer.Said{Tag: `"a"`, Asked: began})
}

func TestOneOfAThousandInstancesAsks(t *testing.T) {
	for _, n := range []int{1, 10, 100, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := &simulation{instances: n, lease: 30 * time.Second, lasts: 2 * time.Minute}
			s.run(t)
			calls, begins := s.perInterval(&s.calls), s.perInterval(&s.begins)
			t.Logf("%d instances: %.3f calls and %.1f commands an interval", n, calls, begins)
			if calls > 1.02 || calls < 0.9 {
				t.Errorf("got %.3f calls an interval, want one", calls)
			}
			if begins > float64(n)*1.02 {
				t.Errorf("got %.1f commands an interval, want at most one an instance", begins)
			}
		})
	}
}

// Whoever is stopped while it has the turn costs a call per instance and interval until the lease has ended.
func TestAStoppedInstanceCostsNoMoreThanItsLease(t *testing.T) {
	for _, lease := range []time.Duration{2 * time.Second, 30 * time.Second} {
		t.Run(lease.String(), func(t *testing.T) {
			s := &simulation{instances: 1000, lease: lease, stops: true, lasts: time.Minute}
			s.run(t)
			more := int(s.calls.Load()) - int(s.lasts/interval)
			t.Logf("a lease of %v: %d calls beyond one an interval", lease, more)
			if most := s.instances * int(lease/interval+1); !s.stopped.Load() || more > most {
				t.Errorf("stopped %v: got %d calls beyond one an interval, want at most %d", s.stopped.Load(), more, most)
			}
		})
	}
}
