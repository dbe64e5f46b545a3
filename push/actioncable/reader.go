package actioncable

import (
	"context"
	"encoding/json"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/push"
)

// reader is the client of a subscription that was confirmed, as far as it is
// known what it has. It belongs to whose turn it is.
type reader struct {
	*push.Pursuit
	subscription *subscription
	ctx          context.Context // the subscription's, which is the reader's life

	at   position // of the state that it has
	owed bool     // a confirmation of its history, after the next state
}

func newReader(ctx context.Context, x *subscription, sub push.Subscription, watch *coalescer.Watch) *reader {
	r := &reader{subscription: x, ctx: ctx}
	r.Pursuit = x.socket.Hub.Pursue(push.Following{Subscription: sub, Transport: ledger.ActionCable, Watch: watch}, r)
	return r
}

// resume brings a client that was away to the newest state, and answers that it
// has been: it is told of every gap.
func (r *reader) resume(ctx context.Context, says json.RawMessage) error {
	newest, err := r.Watch.Next(ctx, "")
	if err != nil {
		return err
	}
	at := positionOf(newest)
	switch standing := standingOf(says, r.subscription.path, at); {
	case standing == lost:
		r.After = "" // so it is told the newest state next
		return r.subscription.say(ctx, historyRejected)
	case standing == current:
		r.After, r.at = newest.Tag, at
	case r.Subscription.SignalBudget > 0:
		r.After = "" // so it is told to fetch
	case r.at != at:
		r.owed = true
		return nil
	}
	return r.subscription.say(ctx, historyConfirmed)
}

// Document implements [push.Outlet].
func (r *reader) Document(m coalescer.Moment) error {
	x := r.subscription
	object, err := x.socket.Hub.Encode(m)
	if err != nil {
		return err
	}
	r.at = positionOf(m)
	err = x.socket.send(r.ctx, func() []byte {
		if !x.socket.extended {
			return message(x.id, object)
		}
		return positioned(message(x.id, object), x.path, r.at)
	})
	if err != nil || !r.owed {
		return err
	}
	r.owed = false
	return x.say(r.ctx, historyConfirmed)
}

// Changed implements [push.Outlet].
func (r *reader) Changed(tag etag.Tag, after time.Duration) error {
	signal := push.EncodeChanged(tag, after)
	return r.subscription.socket.send(r.ctx, func() []byte { return message(r.subscription.id, signal) })
}
