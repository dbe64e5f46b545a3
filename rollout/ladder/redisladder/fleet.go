package redisladder

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/pollard-proxy/pollard/rollout/ladder"
)

const (
	// readEvery is a little less than a second: what one instance says holds on all
	// of them within one, even if no hint comes.
	readEvery = 900 * time.Millisecond
	// budget bounds one exchange with Redis. Nobody waits for it.
	budget = time.Second
	// kept is how long the key outlives the last instance that ran.
	kept = 30 * 24 * time.Hour
	// prolongEvery is how often its end is put off.
	prolongEvery = time.Hour
	// pingEvery is how often the hints' connection is asked for a sign of life.
	pingEvery = 3 * time.Second
)

// Options for [New]. All but OnJoin are required.
type Options struct {
	Client redis.UniversalClient // closed by whoever made it, after Run
	Key    string                // of the fleet's rollout, and the name of its channel
	Ladder *ladder.Ladder
	Roll   string        // the key of who is there
	Self   func() Member // what this instance says of itself

	// OnJoin is told each time that the ladder becomes the fleet's, with nil, and
	// each time that it is this instance's alone, with why.
	OnJoin func(error)
}

// Fleet is the ladder of one instance among those of its fleet.
type Fleet struct {
	// Set by New, then read-only.
	options        Options
	get, set, call *redis.Script
	id             string // of this start of this instance

	// Owned by Run.
	prolonged time.Time
	rolled    time.Time

	mu     sync.Mutex
	apart  error    // why the ladder is this instance's alone; guarded by mu
	others []Member // guarded by mu
}

var errStarting = errors.New("the fleet's rollout has not been read yet")

// getBounded reads the key, unless it is longer than anything that a fleet says of
// its rollout.
const getBounded = `
if redis.call('GETRANGE', KEYS[1], ARGV[1], ARGV[1]) ~= '' then
  return redis.error_reply('ERR it is larger than ' .. ARGV[1] .. ' bytes')
end
return redis.call('GET', KEYS[1])`

// compareAndWrite writes the key if it still is what was read, and says so.
const compareAndWrite = `
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('PUBLISH', KEYS[1], '')
return 1`

// New returns the fleet of an instance, which is joined by [Fleet.Run].
func New(o Options) *Fleet {
	if o.OnJoin == nil {
		o.OnJoin = func(error) {}
	}
	return &Fleet{
		options: o, get: redis.NewScript(getBounded), set: redis.NewScript(compareAndWrite), call: redis.NewScript(callRoll),
		id: rand.Text(), apart: errStarting,
	}
}

// Apart returns why what is said here is not the fleet's at the moment; nil if it
// is, or will be within a second.
func (f *Fleet) Apart() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.apart
}

// Join takes over what the fleet says, before there is anything to serve: an instance
// that is new in a fleet that was killed is killed. It takes a second at most, and less
// where nobody listens. It comes before Run.
func (f *Fleet) Join(ctx context.Context) { f.note(f.exchange(ctx)) }

// Run has the ladder be the fleet's until the context ends, and the instance be known
// to the others.
func (f *Fleet) Run(ctx context.Context) {
	hints := f.options.Client.Subscribe(ctx, f.options.Key)
	defer hints.Close()
	heard := hints.Channel(redis.WithChannelSize(1), redis.WithChannelHealthCheckInterval(pingEvery), redis.WithChannelSendTimeout(time.Millisecond))
	look := time.NewTimer(0)
	defer look.Stop()
	defer f.leave(context.WithoutCancel(ctx))
	for {
		select {
		case <-ctx.Done():
			return
		case <-heard:
		case <-f.options.Ladder.Said():
		case <-look.C:
		}
		err := f.exchange(ctx)
		if ctx.Err() != nil {
			return
		}
		f.note(err)
		if err == nil {
			_ = f.roll(ctx) // else whom it would have told of are forgotten after a while
		}
		look.Reset(readEvery)
	}
}

// note tells of each change of whether the ladder is the fleet's.
func (f *Fleet) note(err error) {
	f.mu.Lock()
	turned := (f.apart == nil) != (err == nil) || f.apart == errStarting
	f.apart = err
	f.mu.Unlock()
	if turned {
		f.options.OnJoin(err)
	}
}

// exchange has the ladder and the fleet know the same. Each time that another
// instance writes in between, it begins anew.
func (f *Fleet) exchange(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	for {
		before, fleet, err := f.read(ctx)
		if err != nil {
			return err
		}
		both, more, err := f.options.Ladder.Meet(fleet)
		if err != nil {
			return fmt.Errorf("taking over the rollout of the fleet: %w", err)
		}
		if !more {
			return f.prolong(ctx, before)
		}
		after, err := both.Bytes()
		if err != nil {
			return err
		}
		written, err := f.replace(ctx, before, string(after))
		if err != nil {
			return err
		}
		if written {
			_, _, err := f.options.Ladder.Meet(both)
			return err
		}
	}
}

// read returns the key as it is, and what that says; an empty key says nothing.
func (f *Fleet) read(ctx context.Context) (value string, fleet ladder.Joint, err error) {
	value, err = f.get.Run(ctx, f.options.Client, []string{f.options.Key}, ladder.MaxJoint).Text()
	if err == redis.Nil { // wrapped, it is what Sentinels say who know no such primary
		return "", ladder.Joint{}, nil
	}
	if err != nil {
		return "", ladder.Joint{}, fmt.Errorf("reading the rollout of the fleet: %w", err)
	}
	fleet, err = ladder.ParseJoint([]byte(value))
	if err != nil {
		return "", ladder.Joint{}, fmt.Errorf("key %s: %w", f.options.Key, err)
	}
	return value, fleet, nil
}

// replace writes the key, unless another instance has written it since.
func (f *Fleet) replace(ctx context.Context, before, after string) (written bool, err error) {
	n, err := f.set.Run(ctx, f.options.Client, []string{f.options.Key}, before, after, kept.Milliseconds()).Int()
	if err != nil {
		return false, fmt.Errorf("telling the fleet of the rollout: %w", err)
	}
	return n == 1, nil
}

// prolong writes from time to time what is there already: that takes no right that
// saying something does not take.
func (f *Fleet) prolong(ctx context.Context, value string) error {
	if value == "" || time.Since(f.prolonged) < prolongEvery {
		return nil
	}
	if _, err := f.replace(ctx, value, value); err != nil {
		return err
	}
	f.prolonged = time.Now()
	return nil
}
