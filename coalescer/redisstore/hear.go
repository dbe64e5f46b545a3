package redisstore

import (
	"errors"
	"maps"
	"slices"

	"github.com/redis/go-redis/v9"
)

// errMoved is why a line ends where the slot of a channel has moved to another
// server of the Cluster.
var errMoved = errors.New("the Cluster has moved a channel")

// hear takes what a line says. It returns why the line is of no use any more.
func (b *board) hear(m any) error {
	switch m := m.(type) {
	case *redis.Message:
		b.hint(m.Channel, m.Payload)
	case *redis.Subscription:
		return b.subscribed(m)
	}
	return nil
}

// subscribed takes note of a subscription: what was published before it may
// have been missed.
func (b *board) subscribed(m *redis.Subscription) error {
	switch m.Kind {
	case "subscribe", "ssubscribe":
		b.store.hints.worked.Store(true)
		b.store.health.hear(nil)
		b.tell(b.missed(m.Channel))
	case "sunsubscribe":
		if b.wanted(m.Channel) { // so it was the Cluster that has ended it
			return errMoved
		}
	}
	return nil
}

func (b *board) wanted(channel string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.channels[channel]
	return ok
}

// missed wakes who waits, and returns who watches.
func (b *board) missed(channel string) []*watch {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.on(channel)
	if e == nil {
		return nil
	}
	e.wake()
	return watches(e)
}

// hint takes a message.
func (b *board) hint(channel, message string) {
	from, kind, value, ok := parseHint(message)
	if !ok {
		return
	}
	h, content, err := parseHead(value)
	if kind == hintState && err != nil {
		return // of another version: whoever looks finds nothing new
	}
	b.tell(b.heard(channel, news{from: from, state: kind == hintState, head: h, whole: content != "", value: value}))
}

// news is a hint, understood.
type news struct {
	from  instance
	state bool // the turn has ended with one
	head  head
	whole bool // value is the state, not its head alone
	value string
}

// heard wakes who waits, and returns who is to hear of a change.
func (b *board) heard(channel string, n news) []*watch {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.on(channel)
	if e == nil {
		return nil
	}
	e.wake()
	if !n.state || n.head.token < e.token {
		return nil
	}
	changed := e.learn(n.head)
	if n.whole {
		b.hold(e, n.value)
	} else {
		b.hold(e, "")
	}
	if !changed || n.from == b.store.instance {
		return nil
	}
	return watches(e)
}

// on returns the entry of channel, nil if there is none. It is called with mu
// held.
func (b *board) on(channel string) *entry {
	name, ok := b.channels[channel]
	if !ok {
		return nil
	}
	return b.entries[name]
}

func watches(e *entry) []*watch {
	return slices.Collect(maps.Keys(e.watches))
}

func (b *board) tell(watches []*watch) {
	for _, w := range watches {
		w.tell()
	}
}
