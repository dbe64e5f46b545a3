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

// subscription is one document on a socket. Its goroutine follows it.
type subscription struct {
	// Set by open, then read-only.
	socket *socket
	id     identifier
	path   string // names the stream, too
	asked  time.Time
	cancel context.CancelCauseFunc // with a push.Farewell, or with nil
	done   chan struct{}

	// Guarded by socket.mu.
	route    string // "" until it is known
	waiting  int    // subscribes without an answer
	answered bool   // has been confirmed
	over     bool   // will be told nothing more, or its end at most
	recalls  []json.RawMessage
	recalled context.CancelCauseFunc // interrupts the following; nil before the first
}

// run tells the client of each state, and finally why there are no more.
func (x *subscription) run(ctx context.Context) {
	defer close(x.done)
	defer x.forget()
	defer x.cancel(nil)
	why := x.watch(ctx)
	if away := (push.Farewell{}); ctx.Err() != nil && !errors.As(context.Cause(ctx), &away) {
		return // it was unsubscribed, or the socket is over
	}
	x.finish(context.WithoutCancel(ctx), why)
}

// watch tells the client of each state until the watch or ctx ends.
func (x *subscription) watch(ctx context.Context) error {
	s := x.socket
	sub, err := s.Resolver.Resolve(s.request, x.path)
	if err != nil {
		return err
	}
	x.belongTo(sub.Route)
	watch, err := sub.Open(ctx)
	if err != nil {
		return err
	}
	defer watch.Close()
	m, err := watch.Next(ctx, "")
	if err != nil {
		return err
	}
	if _, err = s.Hub.Encode(m); err != nil {
		return err
	}
	x.confirm(ctx)
	return (&reader{subscription: x, watch: watch, about: sub}).follow(ctx)
}

func (x *subscription) belongTo(route string) {
	x.socket.mu.Lock()
	defer x.socket.mu.Unlock()
	x.route = route
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

// finish says that nothing more will come.
func (x *subscription) finish(ctx context.Context, why error) {
	x.socket.mu.Lock()
	answered, waiting := x.answered, x.waiting
	x.over = true
	x.socket.mu.Unlock()
	if answered {
		x.end(ctx, why)
		return
	}
	x.socket.Log.Debug("rejected a subscription", "error", why)
	for range waiting {
		x.say(ctx, rejected)
	}
}

// end sends the last message. With a lost session the socket ends.
func (x *subscription) end(ctx context.Context, why error) {
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
	switch {
	case errors.As(why, &ended):
		return ended.Status, ended.Reconnect
	case errors.Is(why, push.ErrUnpushable):
		return http.StatusNotAcceptable, false
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
