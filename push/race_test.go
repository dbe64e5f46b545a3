package push_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/push"
)

// page is an outlet that keeps what it was told last.
type page struct {
	mu   sync.Mutex
	has  string
	tag  etag.Tag
	tell time.Duration // takes so long
}

func (p *page) Document(m coalescer.Moment) error {
	time.Sleep(p.tell)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.has, p.tag = string(m.Body), m.Tag
	return nil
}

func (p *page) Changed(etag.Tag, time.Duration) error { return nil }

// Pages come with a state that they have polled, at the moment when it changes;
// each must end up with the newest.
func TestNoChangeIsLostBetweenSnapshotAndWatch(t *testing.T) {
	const races = 10_000
	playOnce(t, push.Options{}, func(s *scene) {
		s.up.takes = interval / 3
		for round := range races / 100 {
			old, changed := fmt.Sprint("old", round), fmt.Sprint("new", round)
			s.up.set(old)
			time.Sleep(2 * interval)
			ctx, cancel := context.WithCancel(context.Background())
			var all sync.WaitGroup
			var pages []*page
			for range 100 {
				p := &page{has: old, tag: tagOf(old), tell: rand.N(time.Millisecond)}
				pages = append(pages, p)
				begins := rand.N(2 * interval)
				all.Go(func() {
					time.Sleep(begins)
					s.follow(ctx, p)
				})
			}
			time.Sleep(rand.N(2 * interval))
			s.up.set(changed)
			time.Sleep(5 * interval)
			synctest.Wait()
			cancel()
			all.Wait()
			for _, p := range pages {
				if p.has != changed {
					t.Fatalf("round %d: a page has %q, want %q", round, p.has, changed)
				}
			}
		}
	})
}

func (s *scene) follow(ctx context.Context, p *page) {
	sub := s.subscription("ann")
	watch, err := sub.Open(ctx)
	if err != nil {
		s.t.Errorf("opening: %v", err)
		return
	}
	defer watch.Close()
	pursuit := s.hub.Pursue(push.Following{Subscription: sub, Transport: ledger.WebSocket, Watch: watch, After: p.tag}, p)
	defer pursuit.End()
	var work sync.WaitGroup
	var turns *push.Turns
	turns = push.NewTurns(&work, func() {
		if err := pursuit.Step(turns.Ask); err != nil {
			s.t.Errorf("following: %v", err)
		}
	})
	turns.Ask()
	<-ctx.Done()
	turns.End()
	work.Wait()
}
