package viewer

import (
	"context"
	"errors"
)

// A Way is how a page learns of changes.
type Way int

// Every page polls at first. With any way but Polls it goes over to that way once an answer says that push is there, and polls again when
// it is there no more.
const (
	Polls       Way = iota // asks again and again, as it always did
	WebSocket              // a bare WebSocket on the polled URL
	PollardV1              // the same with subprotocol pollard.v1
	EventStream            // server-sent events on the polled URL
	LongPoll               // Prefer: wait
	Cable                  // Action Cable, as pages with client.js do
)

// errOver ends a watch from within: push is there no more, for now or for good.
var errOver = errors.New("the watch is over")

// follow watches a page, of which the tab has the state with this tag, until ctx or the watch ends. The error says that what was received
// is not what push promises, or not for this person.
func (t *tab) follow(ctx context.Context, page Page, tag string) error {
	watch := map[Way]func(context.Context, Page, string) error{
		WebSocket: t.byWebSocket, PollardV1: t.byPollardV1, EventStream: t.byEventStream, LongPoll: t.byLongPoll, Cable: t.byCable,
	}[t.way]
	err := watch(ctx, page, tag)
	if ctx.Err() != nil || errors.Is(err, errOver) {
		return nil
	}
	return err
}

// shown takes a state that was pushed.
func (t *tab) shown(body []byte) error {
	if err := t.browser.check(t.browser.person, body); err != nil {
		return foreignError{err}
	}
	t.count.pushed()
	return nil
}
