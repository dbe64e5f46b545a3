package redisstore

import (
	"context"
	cryptorand "crypto/rand"
	"math/rand/v2"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// nurse looks after Redis until ctx ends: it tries whether it can be used while
// it is not, and while nobody uses it; reads its memory while it can; and tells of
// each change of the mode.
func (s *Store) nurse(ctx context.Context) {
	look := time.NewTimer(0)
	defer look.Stop()
	var inspected time.Time
	var last Mode
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.health.news:
		case <-look.C:
			s.examine(ctx)
			look.Reset(s.options.ProbeEvery*4/5 + rand.N(s.options.ProbeEvery*2/5+1))
		}
		if s.health.check() == nil {
			s.releaseOrphans()
			inspected = s.inspectAfter(ctx, inspected)
		}
		if mode, why := s.health.mode(); mode != last && ctx.Err() == nil {
			last = mode
			s.options.OnMode(mode, why)
		}
	}
}

// examine tries whether Redis can be used, where nothing else does.
func (s *Store) examine(ctx context.Context) {
	switch {
	case s.health.check() != nil:
		s.probe(ctx)
	case s.health.isUnproven(s.options.ProbeEvery):
		s.tryout(ctx)
	}
}

// tryout is a command where nobody polls: in a Cluster at one server after another,
// but at the one again that has just failed.
func (s *Store) tryout(ctx context.Context) {
	name, ok := s.health.doubted()
	if !ok {
		cryptorand.Read(name[:16]) // never fails
	}
	err := s.write(ctx, name, s.options.Budget)
	switch {
	case err == nil:
		s.health.succeed()
	case ctx.Err() == nil:
		s.failed(name, err) // which says what follows
	}
}

// probe tries whether Redis takes a write within the budget, where a command
// failed last. The first try may take as long as connecting does.
func (s *Store) probe(ctx context.Context) {
	for _, limit := range []time.Duration{dialTimeout, s.options.Budget} {
		if err := s.write(ctx, s.health.ailing(), limit); err != nil {
			if ctx.Err() == nil {
				s.failed(s.health.ailing(), err)
			}
			return
		}
	}
	s.clock.Store(nil) // it may be another server
	s.board.forgetClocks()
	s.health.heal()
	s.board.changed()
}

func (s *Store) write(ctx context.Context, name coalescer.Name, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	s.commands.Add(1)
	return s.client.Set(ctx, s.key(name, probeKey), s.instance[:], time.Second).Err()
}
