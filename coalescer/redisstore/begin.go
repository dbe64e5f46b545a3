package redisstore

import (
	"context"
	"errors"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// Begin is coalescer.Store's. It waits for Redis no longer than Options.Budget,
// and for another instance no longer than the smaller of the lease and
// Options.Patience; both may come together.
func (s *Store) Begin(ctx context.Context, name coalescer.Name, t coalescer.Terms) (coalescer.Turn, *coalescer.Said, error) {
	b, err := s.begin(ctx, name, t)
	if b.done() || err != nil {
		return b.result(err)
	}
	return s.wait(ctx, name, t)
}

// beginning is what came of trying: the turn, or what was said, or neither while
// somebody else asks.
type beginning struct {
	turn *turn
	said *coalescer.Said
}

func (b beginning) done() bool { return b.turn != nil || b.said != nil }

// result returns b as Begin does: a nil turn is no Turn.
func (b beginning) result(err error) (coalescer.Turn, *coalescer.Said, error) {
	if b.turn == nil {
		return nil, b.said, err
	}
	return b.turn, nil, err
}

// What the script answers.
const (
	busy = iota
	told
	taken
)

// begin tries once. A state that does not authenticate is as good as none, as after
// the secret has changed: one that is younger will do, else it is replaced.
func (s *Store) begin(ctx context.Context, name coalescer.Name, t coalescer.Terms) (beginning, error) {
	b, err := s.attempt(ctx, name, t)
	if bad := (*unauthentic)(nil); errors.As(err, &bad) {
		t.Fresh = min(t.Fresh, bad.age)
		return s.attempt(ctx, name, t)
	}
	return b, err
}

// unauthentic is a state that is not what an instance of the fleet has published.
type unauthentic struct {
	age time.Duration // as it says itself
}

func (*unauthentic) Error() string { return errSealed.Error() }

// attempt is one look: at what is known here, else at Redis.
func (s *Store) attempt(ctx context.Context, name coalescer.Name, t coalescer.Terms) (beginning, error) {
	if err := s.seals.permits(name); err != nil {
		return beginning{}, err
	}
	if said := s.board.known(name, t.Fresh); said != nil {
		return beginning{said: said}, nil
	}
	r, claim := reading{before: time.Now()}, s.claims.next()
	keys := []string{s.key(name, stateKey), s.key(name, leaseKey)}
	if who, isPrivate := name.Owner(); isPrivate {
		keys = append(keys, s.voidKey(who))
	}
	reply, err := s.run(ctx, s.scripts.begin, name, keys, version, t.Fresh.Microseconds(), max(t.Lease.Milliseconds(), 1), claim[:], s.latest(r.before), s.options.StateBytes)
	if err != nil {
		if !errors.Is(err, ErrDown) {
			s.claims.lost(claim, name)
		}
		return beginning{}, err
	}
	r.after = time.Now()
	answer, ok := reply.([]any)
	if !ok || len(answer) < 2 {
		return beginning{}, errReply
	}
	what, _ := answer[0].(int64)
	r.redis, _ = answer[1].(int64)
	s.look(name, r)
	if what == busy {
		return beginning{}, nil
	}
	if len(answer) < 3 {
		return beginning{}, errReply
	}
	if what == told {
		return s.told(name, answer[2], r)
	}
	token, ok := answer[2].(int64)
	if !ok {
		return beginning{}, errReply
	}
	return beginning{turn: &turn{store: s, name: name, claim: claim, token: uint64(token), keep: t.Keep, granted: r}}, nil
}

// look takes note of the clock of the server that has name.
func (s *Store) look(name coalescer.Name, r reading) {
	s.clock.Store(&r)
	s.board.look(name, r)
}

// latest returns what Redis' clock will show when whoever asks at now waits no
// longer; 0 where that is not known. A command that was held up, with Redis or on
// the way, then takes no turn for somebody who has left. In a Cluster there are
// many clocks.
func (s *Store) latest(now time.Time) int64 {
	r := s.clock.Load()
	if r == nil || s.endpoints.cluster {
		return 0
	}
	return r.redis + (now.Sub(r.before) + s.options.Budget).Microseconds()
}

func (s *Store) told(name coalescer.Name, reply any, r reading) (beginning, error) {
	value, ok := reply.(string)
	if !ok {
		return beginning{}, errReply
	}
	said, err := s.seals.decode(name, value, r)
	if errors.Is(err, errSealed) {
		h, _, _ := parseHead(value) // it has been read before
		return beginning{}, &unauthentic{age: time.Duration(r.redis-h.asked) * time.Microsecond}
	}
	if err != nil {
		return beginning{}, s.explain(err)
	}
	s.board.keep(name, value)
	return beginning{said: said}, nil
}

// looksWhileWaiting is how often whoever waits reads the key although no hint
// has come, before the patience ends.
const looksWhileWaiting = 4

// wait waits for the instance whose turn it is. It subscribes, then looks, then
// waits: the confirmation of the subscription is a hint, too.
func (s *Store) wait(ctx context.Context, name coalescer.Name, t coalescer.Terms) (coalescer.Turn, *coalescer.Said, error) {
	visit := s.board.visit(name)
	defer visit.leave()
	limit := max(min(t.Lease, s.options.Patience), time.Millisecond)
	patience, again := time.NewTimer(limit), time.NewTicker(max(limit/looksWhileWaiting, time.Millisecond))
	defer patience.Stop()
	defer again.Stop()
	for look := visit.placed; ; look = true {
		news := visit.news()
		if look {
			if b, err := s.begin(ctx, name, t); b.done() || err != nil {
				return b.result(err)
			}
		}
		select {
		case <-news:
		case <-again.C:
		case <-patience.C:
			return nil, nil, s.explain(errLate)
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
	}
}
