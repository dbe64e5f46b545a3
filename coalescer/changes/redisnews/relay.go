package redisnews

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Relay is how the instances of a fleet tell each other what only one of them was
// told. Each numbers what it says, and its canary, which all of them hear, has the
// number of the last: whoever has missed something knows soon, and is lost as a
// source until it hears again. So is whoever hears nothing any more of one who has
// not taken leave.
//
//	<who> <number> news|beat|bye\n<message>
type Relay struct {
	*Source
	client  redis.UniversalClient
	channel string
	own     string // who this is
	say     chan string

	dropped atomic.Uint64 // messages that nobody will hear, not numbered yet

	mu   sync.Mutex // held while something is said, so that numbers go out in order
	said uint64     // the number of the last message

	peers map[string]peer // owned by Run's goroutine
}

// peer is another instance.
type peer struct {
	number uint64    // of the last message it said
	heard  time.Time // when it was last heard of
}

// waiting bounds the messages that are still to be said. What comes on top is
// dropped, and missed by the others.
const waiting = 1024

// The kinds of what is said.
const (
	news = "news"
	beat = "beat" // the canary
	bye  = "bye"
)

// NewRelay returns a relay on a channel. take gets what another instance says, and
// says why that is no news.
func NewRelay(o Options, channel string, take func(message string) error) *Relay {
	r := &Relay{client: o.Client, channel: channel, own: ownName(), say: make(chan string, waiting)}
	r.Source = &Source{
		options: o, channels: []string{channel},
		isCanary: func(m *redis.Message) bool {
			l, err := parseLine(m.Payload)
			return err == nil && l.who == r.own && l.kind == beat
		},
		letGo: func(ctx context.Context) error { return r.publish(ctx, beat, "") },
		ready: func(context.Context) error { // what was missed meanwhile is over
			r.peers = map[string]peer{}
			return nil
		},
		take: func(m *redis.Message) error { return r.hear(m.Payload, take) },
	}
	return r
}

// Say tells the others, in order. It does not wait: where Redis cannot take the
// message they learn that they have missed one.
func (r *Relay) Say(message string) {
	select {
	case r.say <- message:
	default:
		r.dropped.Add(1)
	}
}

// Run hears and says until the context ends, and takes leave.
func (r *Relay) Run(ctx context.Context) {
	var saying sync.WaitGroup
	saying.Go(func() {
		for {
			select {
			case message := <-r.say:
				_ = limited(ctx, func(ctx context.Context) error { return r.publish(ctx, news, message) }) // its number is missed
			case <-ctx.Done():
				return
			}
		}
	})
	r.Source.Run(ctx)
	saying.Wait()
	_ = limited(context.WithoutCancel(ctx), func(ctx context.Context) error { return r.publish(ctx, bye, "") }) // they will see
}

func (r *Relay) publish(ctx context.Context, kind, message string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said += r.dropped.Swap(0)
	if kind == news {
		r.said++
	}
	return r.client.Publish(ctx, r.channel, fmt.Sprintf("%s %d %s\n%s", r.own, r.said, kind, message)).Err()
}

// line is what was said.
type line struct {
	who, kind, message string
	number             uint64
}

func parseLine(payload string) (l line, err error) {
	head, message, _ := strings.Cut(payload, "\n")
	fields := strings.Split(head, " ")
	if len(fields) != 3 {
		return l, fmt.Errorf("%.40q is nothing that an instance says", head)
	}
	l = line{who: fields[0], kind: fields[2], message: message}
	if l.number, err = strconv.ParseUint(fields[1], 10, 64); err != nil {
		return l, fmt.Errorf("%.40q is nothing that an instance says: %w", head, err)
	}
	return l, nil
}

// hear takes what an instance says. It fails with errMissed if there was more than
// has come.
func (r *Relay) hear(payload string, take func(message string) error) error {
	l, err := parseLine(payload)
	if err != nil {
		return err
	}
	now := time.Now()
	if l.who == r.own {
		return r.silent(now)
	}
	before, known := r.peers[l.who]
	r.peers[l.who] = peer{l.number, now}
	expected := before.number
	switch l.kind {
	case bye:
		delete(r.peers, l.who)
	case news:
		err = take(l.message)
		expected++
	}
	if known && l.number != expected {
		return fmt.Errorf("%w: another instance has said %d since %d", errMissed, l.number, before.number)
	}
	return err
}

// silent fails if another instance is not heard of any more.
func (r *Relay) silent(now time.Time) error {
	for who, p := range r.peers {
		if silence := now.Sub(p.heard); silence > r.options.Timeout {
			delete(r.peers, who)
			return fmt.Errorf("%w: another instance was last heard of %v ago", errMissed, silence.Round(time.Second))
		}
	}
	return nil
}
