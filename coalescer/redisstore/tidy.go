package redisstore

import (
	"context"
	"fmt"
	"time"
)

// ping has each line say something.
func (b *board) ping(ctx context.Context) {
	for _, l := range b.lines {
		if err := l.pubsub.Ping(ctx); err != nil {
			b.lose(l, fmt.Errorf("pinging: %w", err))
		}
	}
}

// tidy unsubscribes what nobody has used for long, or all that nobody uses
// where that is too much.
func (b *board) tidy(ctx context.Context) {
	for l, channels := range b.unused(time.Now()) {
		if l == nil {
			continue
		}
		if err := l.unsubscribe(ctx, channels); err != nil {
			b.lose(l, fmt.Errorf("unsubscribing: %w", err))
		}
	}
}

// unused takes the entries that are of no use from the board.
func (b *board) unused(now time.Time) map[*line][]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	idle := 0
	for _, e := range b.entries {
		if e.idle() {
			idle++
		}
	}
	gone := make(map[*line][]string)
	for name, e := range b.entries {
		if !e.idle() || idle <= idleNames && now.Sub(e.used) < linger {
			continue
		}
		channel := b.store.channel(name)
		b.hold(e, "")
		delete(b.entries, name)
		delete(b.channels, channel)
		delete(b.unplaced, name)
		gone[e.line] = append(gone[e.line], channel)
	}
	return gone
}

// hangUp closes the lines and waits for their readers.
func (b *board) hangUp() {
	for _, l := range b.lines {
		l.pubsub.Close()
	}
	b.readers.Wait()
}
