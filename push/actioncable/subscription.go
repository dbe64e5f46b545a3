package actioncable

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/push"
)

// subscription is one document on a socket. What there is to do for it is done
// in turns, and nobody waits meanwhile.
type subscription struct {
	// Set by open, then read-only.
	socket *socket
	id     identifier
	path   string // names the stream, too
	asked  time.Time
	turns  *push.Turns
	cancel context.CancelCauseFunc // of its context, which ends with the socket's
	done   chan struct{}           // closed when nothing more will be said

	// Guarded by socket.mu.
	about    push.Subscription // zero until it is known
	waiting  int               // subscribes without an answer
	answered bool              // has been confirmed
	over     bool              // will be told nothing more, or its end at most
	recalls  []json.RawMessage // what the client said that it has, unanswered

	// Owned by whose turn it is.
	reader *reader // nil until it is confirmed
	ended  bool
}

// end has the subscription end: told so, if why is a [push.Farewell].
func (x *subscription) end(why error) {
	x.cancel(why)
	x.turns.Ask()
}

// turn does what there is to do, and at last says why that was the last.
func (x *subscription) turn(ctx context.Context) {
	if x.ended {
		return
	}
	err := x.advance(ctx)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		x.close(ctx, err)
	}
}

// advance brings the client one step on.
func (x *subscription) advance(ctx context.Context) error {
	if x.reader == nil {
		if err := x.begin(ctx); err != nil {
			return err
		}
	}
	says := x.recalled()
	if says == nil {
		return x.reader.Step(x.turns.Ask)
	}
	x.turns.Ask()
	return x.reader.resume(ctx, says)
}

// begin opens the watch, and confirms the subscription.
func (x *subscription) begin(ctx context.Context) error {
	s := x.socket
	sub, err := s.Resolver.Resolve(s.request, x.path)
	if err != nil {
		return err
	}
	x.belongTo(sub)
	watch, err := sub.Open(ctx)
	if err != nil {
		return err
	}
	if err := x.objection(ctx, sub, watch); err != nil {
		watch.Close()
		return err
	}
	x.reader = newReader(ctx, x, sub, watch)
	x.confirm(ctx)
	return nil
}

// objection returns why what can be watched can not be told here.
func (x *subscription) objection(ctx context.Context, sub push.Subscription, watch *coalescer.Watch) error {
	if why := sub.Objection(); why != nil { // too late to be sent away with the others
		return *why
	}
	m, err := watch.Next(ctx, "")
	if err != nil {
		return err
	}
	_, err = x.socket.Hub.Encode(m)
	return err
}

func (x *subscription) belongTo(sub push.Subscription) {
	x.socket.mu.Lock()
	defer x.socket.mu.Unlock()
	x.about = sub
}

// recalled returns what the client said that it has and was not answered, nil if
// that is nothing.
func (x *subscription) recalled() (says json.RawMessage) {
	x.socket.mu.Lock()
	defer x.socket.mu.Unlock()
	if len(x.recalls) > 0 {
		says, x.recalls = x.recalls[0], x.recalls[1:]
	}
	return says
}

// confirm answers every subscribe that waits for it.
func (x *subscription) confirm(ctx context.Context) {
	x.socket.mu.Lock()
	waiting := x.waiting
	x.answered = true
	x.socket.mu.Unlock()
	for range waiting {
		x.say(ctx, confirmed)
	}
}

// close ends the subscription. The client is told so, unless it has
// unsubscribed or the socket is over.
func (x *subscription) close(ctx context.Context, why error) {
	x.ended = true
	x.turns.End()
	if x.reader != nil {
		x.reader.End()
		x.reader.Watch.Close()
	}
	if away := (push.Farewell{}); ctx.Err() == nil || errors.As(why, &away) {
		x.finish(context.WithoutCancel(ctx), why)
	}
	x.cancel(nil)
	x.forget()
	close(x.done)
}

// finish says that nothing more will come.
func (x *subscription) finish(ctx context.Context, why error) {
	x.socket.mu.Lock()
	answered, waiting := x.answered, x.waiting
	x.over = true
	x.socket.mu.Unlock()
	if answered {
		x.sayEnd(ctx, why)
		return
	}
	x.socket.Log.Debug("rejected a subscription", "error", why)
	for range waiting {
		x.say(ctx, rejected)
	}
}

// sayEnd sends the last message. With a lost session the socket ends.
func (x *subscription) sayEnd(ctx context.Context, why error) {
	status, reconnect := ending(why)
	last := push.EncodeEnd(status, reconnect)
	x.socket.send(ctx, func() []byte { return message(x.id, last) })
	if status == http.StatusUnauthorized {
		x.socket.bye(unauthorized)
	}
}

// ending returns with which status a subscription ends, and whether to subscribe
// anew.
func ending(why error) (status int, reconnect bool) {
	var ended *coalescer.Ended
	var away push.Farewell
	switch {
	case errors.As(why, &ended):
		return ended.Status, ended.Reconnect
	case errors.Is(why, push.ErrUnpushable):
		return http.StatusNotAcceptable, false
	case errors.As(why, &away) && away.Reconnect():
		return http.StatusServiceUnavailable, true
	}
	return http.StatusGone, false // push is off
}

// say writes a frame that is no more than its type.
func (x *subscription) say(ctx context.Context, kind string) error {
	return x.socket.say(ctx, about(x.id, kind))
}

// forget makes room for another of the same name.
func (x *subscription) forget() {
	x.socket.mu.Lock()
	defer x.socket.mu.Unlock()
	delete(x.socket.subscriptions, x.id)
}
