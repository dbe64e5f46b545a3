package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/pollard-proxy/pollard/coalescer"
)

// Store is the coalescer.Store of one instance. It is safe for concurrent use.
type Store struct {
	// Set by New, then read-only.
	options   Options
	endpoints endpoints
	client    redis.UniversalClient
	hints     *hints
	scripts   scripts
	instance  instance
	seals     *sealer
	claims    *claims
	health    *health
	board     *board
	outbox    *outbox
	cancel    context.CancelFunc
	close     func() error

	running  sync.WaitGroup // nurse and board
	commands atomic.Uint64
	full     atomic.Bool // no bodies, for there is hardly room
	memory   atomic.Pointer[Memory]
	clock    atomic.Pointer[reading] // the last look at Redis' clock, nil before the first and after it was down
}

// instance tells one instance's hints from another's.
type instance [8]byte

// New returns a Store that connects by itself, now or whenever it can: it fails
// only where the URLs make no sense. Close ends it.
func New(o Options) (*Store, error) {
	e, err := parseURLs(o.URLs)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	logging.Disable() // go-redis writes to stderr what it returns as errors, too
	s := &Store{options: o.withDefaults(), endpoints: e, scripts: newScripts()}
	if s.seals, err = newSealer(s.options); err != nil {
		return nil, fmt.Errorf("deriving a key from the secret: %w", err)
	}
	s.health = newHealth(2 * s.options.Budget)
	s.client = e.client(s.options)
	if s.hints, err = newHints(s); err != nil {
		s.client.Close() // it has connected to nothing
		return nil, err
	}
	s.close = sync.OnceValue(s.shut)
	s.memory.Store(&Memory{})
	rand.Read(s.instance[:]) // never fails
	s.claims = newClaims(s.instance)
	s.board = newBoard(s)
	s.outbox = newOutbox(s)
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.running.Go(func() { s.nurse(ctx) })
	s.running.Go(func() { s.board.run(ctx) })
	return s, nil
}

// Close publishes what is still to be published, if Redis takes it, and returns
// when nothing runs any more. No method may be called after it but those of
// turns, which do nothing then.
func (s *Store) Close() error { return s.close() }

func (s *Store) shut() error {
	s.outbox.close()
	s.cancel()
	s.running.Wait()
	if err := errors.Join(s.hints.close(), s.client.Close()); err != nil {
		return fmt.Errorf("closing the connections to Redis: %w", err)
	}
	return nil
}

// Mode returns how the instances are joined at the moment, and why not better.
func (s *Store) Mode() (Mode, error) { return s.health.mode() }

// Commands returns how many commands Redis was sent.
func (s *Store) Commands() uint64 { return s.commands.Load() }

// Dropped returns how many publications were dropped because too many waited.
func (s *Store) Dropped() uint64 { return s.outbox.dropped.Load() }

// run has Redis run a script about name, within the budget.
func (s *Store) run(ctx context.Context, script *redis.Script, name coalescer.Name, keys []string, args ...any) (any, error) {
	if err := s.health.check(); err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, s.options.Budget)
	defer cancel()
	s.commands.Add(1)
	reply, err := script.Run(limited, s.client, keys, args...).Result()
	if err == nil {
		s.health.succeed()
		return reply, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx) // whoever asked has left
	}
	return nil, s.failed(name, err)
}

// failed notes that a command about name has failed, and returns why.
func (s *Store) failed(name coalescer.Name, err error) error {
	err = s.explain(err)
	if isMisplaced(err) {
		s.health.succeed()
		return fmt.Errorf("the key of a document holds something else (is the prefix somebody else's?): %w", err)
	}
	if isFull(err) {
		s.full.Store(true)
	}
	s.health.fail(name, err)
	return err
}

// errReply is returned for an answer that no script of ours gives.
var errReply = errors.New("redis answers what no script of ours does")
