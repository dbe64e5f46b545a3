package actioncable

import (
	"context"
	"encoding/json"
	"time"

	"github.com/pollard-proxy/pollard/push"
)

// patience is how long a client waits for an answer before a second subscribe is
// the same question once more. It gets one answer then: AnyCable's client asks
// again after 5 s, and unsubscribes when a confirmation comes that it no longer
// waits for.
const patience = 4 * time.Second

// subscribe answers for one subscription more. One that repeats another has no
// watch of its own, and is told nothing twice.
func (s *socket) subscribe(ctx context.Context, c *command) {
	path, ok := c.id().path()
	if !ok || len(c.Identifier) > s.IdentifierBytes {
		s.say(ctx, about(c.id(), rejected))
		return
	}
	for {
		x, begun := s.open(ctx, c, path)
		switch {
		case x == nil:
			s.say(ctx, about(c.id(), rejected))
			return
		case begun:
			return
		}
		answered, over := s.repeat(x)
		if answered {
			s.say(ctx, about(c.id(), confirmed))
			s.recall(c)
		}
		if !over {
			return
		}
		<-x.done // then it is no repetition
	}
}

// open returns the subscription that a command asks for; nil if there are too
// many, and begun if there was none.
func (s *socket) open(ctx context.Context, c *command, path string) (x *subscription, begun bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x = s.subscriptions[c.id()]; x != nil {
		return x, false
	}
	if len(s.subscriptions) >= s.Subscriptions {
		return nil, false
	}
	x = &subscription{socket: s, id: c.id(), path: path, asked: time.Now(), done: make(chan struct{}), waiting: 1}
	if s.extended && c.History != nil {
		x.recalls = []json.RawMessage{c.History}
	}
	ctx, x.cancel = context.WithCancelCause(ctx)
	s.subscriptions[x.id] = x
	x.turns = push.NewTurns(&s.work, func() { x.turn(ctx) })
	x.turns.Ask()
	return x, true
}

// repeat takes a subscribe for what is subscribed to. It reports whether that
// has been confirmed, and whether it is over.
func (s *socket) repeat(x *subscription) (answered, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !x.answered && !x.over && time.Since(x.asked) < patience {
		x.waiting++
	}
	return x.answered && !x.over, x.over
}

// unsubscribe ends a subscription, and returns when it has ended: the client is
// not told so.
func (s *socket) unsubscribe(id identifier) {
	if x := s.find(id); x != nil {
		x.end(nil)
		<-x.done
	}
}

func (s *socket) find(id identifier) *subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.subscriptions[id]
}

// maxRecalls bounds what a client may ask of one subscription before it has read
// the answers.
const maxRecalls = 16

// recall lets a subscription answer what the client says that it has.
func (s *socket) recall(c *command) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.subscriptions[c.id()]
	if x == nil || !s.extended || c.History == nil || len(x.recalls) == maxRecalls {
		return
	}
	x.recalls = append(x.recalls, c.History)
	x.turns.Ask()
}
