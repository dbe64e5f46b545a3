package redisstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/pollard-proxy/pollard/coalescer"
)

// run keeps a subscription for each entry, until ctx ends; then it has closed
// all lines.
func (b *board) run(ctx context.Context) {
	ping, retry := time.NewTicker(b.store.options.pingEvery()), time.NewTimer(0)
	defer ping.Stop()
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			b.hangUp()
			return
		case <-b.change:
		case <-retry.C:
		case <-ping.C:
			b.ping(ctx)
			b.tidy(ctx)
		}
		if b.dropBroken() || b.place(ctx) != nil {
			retry.Reset(resubscribeAfter/2 + rand.N(resubscribeAfter/2))
		}
	}
}

// place subscribes the entries that are on no line, unless Redis is down: its
// return is a change.
func (b *board) place(ctx context.Context) error {
	if b.store.health.check() != nil {
		return nil
	}
	groups, err := b.group(ctx)
	if err != nil {
		return err
	}
	for node, channels := range groups {
		l := b.line(ctx, node)
		b.put(l, channels)
		if err := l.subscribe(ctx, channels); err != nil {
			b.lose(l, err)
			return err
		}
	}
	return nil
}

// group returns the channels that are subscribed nowhere by the server that has
// them.
func (b *board) group(ctx context.Context) (map[*redis.Client][]string, error) {
	groups := make(map[*redis.Client][]string)
	for _, name := range b.homeless() {
		node, err := b.node(ctx, name)
		if err != nil {
			return nil, b.store.unplaced(name, fmt.Errorf("looking for the server of a channel: %w", err))
		}
		groups[node] = append(groups[node], b.store.channel(name))
	}
	return groups, nil
}

func (b *board) homeless() []coalescer.Name {
	b.mu.Lock()
	defer b.mu.Unlock()
	names := make([]coalescer.Name, 0, len(b.unplaced))
	for name := range b.unplaced {
		names = append(names, name)
	}
	return names
}

// node returns the server that says the hints of name.
func (b *board) node(ctx context.Context, name coalescer.Name) (*redis.Client, error) {
	if cluster, ok := b.store.hints.client.(*redis.ClusterClient); ok {
		return cluster.MasterForKey(ctx, b.store.key(name, stateKey))
	}
	return b.store.hints.client.(*redis.Client), nil
}

// line returns the line to node, and opens it where there is none.
func (b *board) line(ctx context.Context, node *redis.Client) *line {
	address := node.Options().Addr
	if l := b.lines[address]; l != nil {
		return l
	}
	l := &line{sharded: b.store.hints.endpoints.cluster, silence: b.store.options.silence()}
	if l.sharded {
		l.pubsub = node.SSubscribe(ctx)
	} else {
		l.pubsub = node.Subscribe(ctx)
	}
	b.lines[address] = l
	b.readers.Go(func() { b.lose(l, l.read(ctx, b.hear)) })
	return l
}

// put notes that channels are subscribed on l.
func (b *board) put(l *line, channels []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, channel := range channels {
		if e := b.on(channel); e != nil {
			e.line = l
		}
		delete(b.unplaced, b.channels[channel])
	}
}

// lose has run give l up, if that is not known yet.
func (b *board) lose(l *line, why error) {
	if b.markLost(l) {
		b.store.health.hear(b.store.hints.explain(why))
		b.changed()
	}
}

func (b *board) markLost(l *line) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l.lost {
		return false
	}
	l.lost = true
	b.broken = append(b.broken, l)
	return true
}

// dropBroken closes the lines that were lost, and reports whether there were
// any.
func (b *board) dropBroken() bool {
	broken := b.takeBroken()
	if len(broken) == 0 {
		return false
	}
	for _, l := range broken {
		l.pubsub.Close() // it is lost
		for address, other := range b.lines {
			if other == l {
				delete(b.lines, address)
			}
		}
	}
	if cluster, ok := b.store.hints.client.(*redis.ClusterClient); ok {
		cluster.ReloadState(context.Background())
	}
	if len(b.homeless()) == 0 {
		b.store.health.hear(nil) // nobody wants to hear
	}
	return true
}

// takeBroken has what was on lost lines subscribed again. Ages that were read
// there are not believed: the next server's clock may be another.
func (b *board) takeBroken() []*line {
	b.mu.Lock()
	defer b.mu.Unlock()
	broken := b.broken
	b.broken = nil
	for _, l := range broken {
		for name, e := range b.entries {
			if e.line == l {
				e.line, e.clock = nil, reading{}
				b.unplaced[name] = struct{}{}
			}
		}
	}
	return broken
}
