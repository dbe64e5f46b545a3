package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// line is a connection to one server with subscriptions on it.
type line struct {
	pubsub  *redis.PubSub
	sharded bool
	silence time.Duration // after which it is given up
	lost    bool          // guarded by board.mu
}

// errDeaf is why a line is given up that was silent.
var errDeaf = errors.New("nothing is heard of the subscriptions")

// channelsAtOnce bounds one command that subscribes, so that no server is held
// up by it.
const channelsAtOnce = 500

func (l *line) subscribe(ctx context.Context, channels []string) error {
	for some := range slices.Chunk(channels, channelsAtOnce) {
		if err := l.subscribeAtOnce(ctx, some); err != nil {
			return fmt.Errorf("subscribing: %w", err)
		}
	}
	return nil
}

// subscribeAtOnce names channels of one slot each in a command of its own in a
// Cluster, which takes no others together.
func (l *line) subscribeAtOnce(ctx context.Context, channels []string) error {
	if !l.sharded {
		return l.pubsub.Subscribe(ctx, channels...)
	}
	for _, channel := range channels {
		if err := l.pubsub.SSubscribe(ctx, channel); err != nil {
			return err
		}
	}
	return nil
}

func (l *line) unsubscribe(ctx context.Context, channels []string) error {
	if !l.sharded {
		return l.pubsub.Unsubscribe(ctx, channels...)
	}
	for _, channel := range channels {
		if err := l.pubsub.SUnsubscribe(ctx, channel); err != nil {
			return err
		}
	}
	return nil
}

// read hears until the line is of no use any more, and returns why. A read that
// times out may have taken half of a message, so there is no second one.
func (l *line) read(ctx context.Context, hear func(any) error) error {
	for {
		m, err := l.pubsub.ReceiveTimeout(ctx, l.silence)
		if isTimeout(err) {
			return fmt.Errorf("%w for %v", errDeaf, l.silence)
		}
		if err != nil {
			return fmt.Errorf("reading the subscriptions: %w", err)
		}
		if err := hear(m); err != nil {
			return err
		}
	}
}
