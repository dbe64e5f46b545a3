package push

import (
	"context"
	"net/http"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
)

// Subscription is one document that a client asks to watch, on a route and a
// rung where it may be pushed. Whether upstream gives it to the client is known
// once Open has succeeded.
type Subscription struct {
	Route    string
	Counts   *ledger.Route
	Identity coalescer.Identity // whose it is; of clients without one, their address's

	// Open opens the watch on the client's behalf. It fails with
	// [*coalescer.Refused], [*coalescer.CallError] or the context's error.
	Open func(context.Context) (*coalescer.Watch, error)

	// Object returns how the client is to be sent away; nil while it may be
	// pushed the document. It is asked whenever routes have changed, from any
	// goroutine. Without one, there never is any.
	Object func() *Farewell

	// Every, where it is not nil, returns at which interval a client would poll
	// that was told these fields; 0 where they do not say.
	Every func(http.Header) time.Duration

	// Witness, where it is not nil, hears how the client fares.
	Witness *Witness

	// SignalBudget, where it is not 0, has the client told that something
	// changed instead of what: those who are told fetch for themselves, and all
	// of them together at most so many times per second.
	SignalBudget int
}

// Objection returns what Object does.
func (s *Subscription) Objection() *Farewell {
	if s.Object == nil {
		return nil
	}
	return s.Object()
}

// Resolver finds the document behind a path that a client names on a socket, as
// that client, whose upgrade request is r. It fails with [*Refusal].
type Resolver interface {
	Resolve(r *http.Request, path string) (Subscription, error)
}

// Refusal says that a document cannot be watched, before upstream was asked.
type Refusal struct {
	Status int    // as to a request
	Reason string // a constant: metric label
}

func (e *Refusal) Error() string { return e.Reason }
