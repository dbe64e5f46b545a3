package proxy

import (
	"context"
	"crypto/rand"
	"hash/maphash"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/changes"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/push"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/observe"
)

// Options for [New]. All but Secret, AccessLog, Liveness and Canary are required.
type Options struct {
	Forward   *forward.Forwarder
	Coalescer *coalescer.Coalescer
	Ledger    *ledger.Ledger
	Target    func(*http.Request) string // the exact bytes of the request-target
	Trusted   []netip.Prefix             // peers whose X-Forwarded-* are believed
	Secret    []byte                     // key of all hashes of identities; without one, random for this process
	Log       *slog.Logger
	AccessLog bool // one line per poll
	LogSample int  // of so many polls that went well one has its line, 0 and 1 are all; failures and statuses from 500 on always have

	Limits Limits // of one client

	Observer *observe.Observer // learns from what passes; may be nil
	Liveness *changes.Liveness // of what tells of changes; without one no route is ever covered
	Canary   string            // where set, only news of this path prove that their source is alive

	// HandOn, if not nil, has the other instances of a fleet call TakeOver with a message.
	// It must not wait for them.
	HandOn func(message string)

	Push *push.Hub               // serves subscriptions
	Own  map[string]http.Handler // what lives below /-/pollard/, by path; may be filled in until the first request
}

// Handler answers every request that comes in at the front door.
type Handler struct {
	Options
	keys   *keyer
	seed   maphash.Seed  // of what is hashed of passing traffic
	other  *ledger.Route // what is on no route
	tables tables
	trials trials
	lines  atomic.Pointer[accessLines]
	logged atomic.Uint64 // polls that went well, of which some have a line

	complaints *complaints // of upstream
	limits     limits

	// Checks of what was given out.
	life     context.Context // ends with Close
	end      context.CancelFunc
	checks   *semaphore.Weighted
	checking sync.WaitGroup
}

// New returns a handler without routes: everything passes until [Handler.Swap].
func New(o Options) *Handler {
	if len(o.Secret) == 0 {
		o.Secret = []byte(rand.Text())
	}
	h := &Handler{Options: o, keys: newKeyer(o.Secret), seed: maphash.MakeSeed(), other: o.Ledger.Route(ledger.Other)}
	h.life, h.end = context.WithCancel(context.Background())
	h.trials.ledger = o.Ledger
	h.complaints = newComplaints(o.Log)
	h.limits = newLimits(o.Limits)
	h.checks = semaphore.NewWeighted(maxChecks)
	h.tables.Store(&table{})
	h.LogPolls(o.AccessLog, o.LogSample)
	return h
}

// Close ends what runs beside the requests, and waits for it. No request may come
// any more. It may be called repeatedly.
func (h *Handler) Close() {
	h.end()
	h.checking.Wait()
	h.complaints.close()
}

// Swap puts other routes in force for the requests that come from now on, and
// other requests that end a session. Documents stay, and those who watch go on
// under the new routes; at once they are told to come back where others may share
// with them than before. Whom push is offered no more the caller sends away
// ([push.Hub.SendAway]). On an error nothing changes.
func (h *Handler) Swap(routes []RouteOptions, signOuts []Endpoint) error {
	before := h.tables.Load()
	t, err := newTable(routes, before, h.Ledger)
	if err != nil {
		return err
	}
	if t.signOuts, err = newEndpoints(signOuts); err != nil {
		return err
	}
	h.trials.judged(t.routes, time.Now())
	h.tables.Store(t)
	h.coverage(t)
	for _, rt := range before.routes {
		switch after := t.named(rt.Name); {
		case after == nil: // sent away
		case after.rules == rt.rules:
			h.Coalescer.Adopt(rt.live, after.live)
		default:
			h.Coalescer.Retire(rt.live)
		}
	}
	return nil
}

// Routes returns the routes in force, in order.
func (h *Handler) Routes() []RouteOptions {
	var routes []RouteOptions
	for _, rt := range h.tables.Load().routes {
		routes = append(routes, rt.RouteOptions)
	}
	return routes
}

// ServeHTTP takes a request to where it belongs. The decision is made once.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := h.receive(w, r)
	defer h.logPoll(x)
	defer x.fared()
	switch {
	case h.refuses(x):
	case x.own != nil:
		x.own.ServeHTTP(w, r)
	case x.subscribes != nil:
		h.push(x)
	case x.route == nil:
		h.passOther(x)
	case x.stage < rollout.Coalesce:
		h.pass(x, ledger.Passed)
	case x.bypass != "":
		h.bypass(x, x.bypass)
	default:
		h.coalesce(x)
	}
	if x.broken {
		panic(http.ErrAbortHandler) // else what the client has would look whole
	}
}
