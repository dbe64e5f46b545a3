package coalescer

import (
	"context"
	"net/http"
	"time"

	"github.com/pollard-proxy/pollard/etag"
)

// Store is what the instances of a fleet have in common: whose turn it is to
// ask upstream for a document, and what that one was told. It is a help, never a
// dependency: on any error an instance asks upstream as if it were alone, and
// two that ask at a time cost a call, never a wrong answer.
//
// Nothing of one identity is given to a Store unless the route says so. Then the
// name says whose it is, and the store tells it to nobody who could not have made it
// up: what is kept outside of the process is encrypted, and authenticated with its
// name and its ages. A store that cannot do that fails.
type Store interface {
	// Begin takes the turn to ask upstream for what name stands for. Where
	// another instance has been told of it less than t.Fresh ago, or is asking
	// and is told before the store's patience ends, it returns that
	// instead. Exactly one of the three results is not nil.
	Begin(ctx context.Context, name Name, t Terms) (Turn, *Said, error)

	// Watch has changed called, soon after another instance has published a
	// state of name whose tag is another than before. It is a hint: one may be
	// lost. changed must not block. After stop has returned it is not called.
	Watch(name Name, changed func()) (stop func())

	// Void has no instance told any more what upstream was asked for before now
	// on behalf of who, whenever it is or was published. It returns when that is so,
	// or cannot be had: then what was said is told until it is not fresh any more.
	Void(ctx context.Context, who Identity)
}

// Turn is the permission of one instance to ask upstream. One of its methods
// must be called, once; neither fails, nor waits for the outside.
type Turn interface {
	// Publish tells the others, unless somebody has taken the turn meanwhile
	// and published, because this instance was not heard of for too long.
	Publish(s *Said)
	// Release lets somebody else ask: upstream's answer is not for all.
	Release()
}

// Terms are the bounds of a turn.
type Terms struct {
	Fresh time.Duration // a state that upstream was asked for less than this long ago will do
	Lease time.Duration // upstream answers within; others take the turn afterwards
	Keep  time.Duration // how long what is published is of use, from when upstream was asked
}

// Said is what upstream said, as one instance tells the others.
type Said struct {
	Tag    etag.Tag
	Header http.Header // nil where only the tag is told
	Body   []byte

	Asked  time.Time // when the call began that confirmed it, by the clock of whoever reads this
	Proven time.Time // when the call began that last brought the body; zero where only the tag is told
}
