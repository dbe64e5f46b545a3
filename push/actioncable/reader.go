package actioncable

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/push"
)

// reader is the client of a subscription that was confirmed, as far as it is
// known what it has. It belongs to the subscription's goroutine.
type reader struct {
	*subscription
	watch *coalescer.Watch
	about push.Subscription

	has  etag.Tag // the state that it has; "" for none
	at   position // that of this state
	owed bool     // a confirmation of its history, after the next state
}

// errRecalled interrupts a following: the client says what it has.
var errRecalled = errors.New("the client says what it has")

// follow tells the client of each state, and answers what it says that it has.
// It returns why nothing more will come.
func (r *reader) follow(ctx context.Context) error {
	for {
		says, following := r.next(ctx)
		if says != nil {
			if err := r.resume(ctx, says); err != nil {
				return err
			}
			continue
		}
		err := r.socket.Hub.Follow(following, push.Following{
			Subscription: r.about,
			Transport:    ledger.ActionCable,
			Watch:        r.watch,
			After:        r.has,
		}, telling{r, ctx})
		if !errors.Is(err, errRecalled) {
			return err
		}
	}
}

// next returns what the client says that it has and was not answered, or, if
// that is nothing, a context for following until it does.
func (r *reader) next(ctx context.Context) (says json.RawMessage, following context.Context) {
	r.socket.mu.Lock()
	defer r.socket.mu.Unlock()
	if len(r.recalls) > 0 {
		says, r.recalls = r.recalls[0], r.recalls[1:]
		return says, nil
	}
	if r.recalled != nil {
		r.recalled(nil) // of the last time
	}
	following, r.recalled = context.WithCancelCause(ctx)
	return nil, following
}

// resume brings a client that was away to the newest state, and answers that it
// has been: it is told of every gap.
func (r *reader) resume(ctx context.Context, says json.RawMessage) error {
	newest, err := r.watch.Next(ctx, "")
	if err != nil {
		return err
	}
	at := positionOf(newest)
	switch standing := standingOf(says, r.path, at); {
	case standing == lost:
		r.has = "" // so it is told the newest state next
		return r.say(ctx, historyRejected)
	case standing == current:
		r.has, r.at = newest.Tag, at
	case r.about.SignalBudget > 0:
		r.has = "" // so it is told to fetch
	case r.at != at:
		r.owed = true
		return nil
	}
	return r.say(ctx, historyConfirmed)
}

// told takes note that the client was told of a state.
func (r *reader) told(ctx context.Context, tag etag.Tag, at position) error {
	r.has, r.at = tag, at
	if !r.owed {
		return nil
	}
	r.owed = false
	return r.say(ctx, historyConfirmed)
}

// telling writes to the reader what happens to its document.
type telling struct {
	*reader
	ctx context.Context // the subscription's: what is being written is written, whoever interrupts
}

// Document implements [push.Outlet].
func (t telling) Document(m coalescer.Moment) error {
	object, err := t.socket.Hub.Encode(m)
	if err != nil {
		return err
	}
	at := positionOf(m)
	err = t.socket.send(t.ctx, func() []byte {
		if !t.socket.extended {
			return message(t.id, object)
		}
		return positioned(message(t.id, object), t.path, at)
	})
	if err != nil {
		return err
	}
	return t.told(t.ctx, m.Tag, at)
}

// Changed implements [push.Outlet].
func (t telling) Changed(tag etag.Tag, after time.Duration) error {
	signal := push.EncodeChanged(tag, after)
	t.has = tag
	return t.socket.send(t.ctx, func() []byte { return message(t.id, signal) })
}

// Beat implements [push.Outlet]. The socket's heart beats for all of them.
func (telling) Beat() error { return nil }
