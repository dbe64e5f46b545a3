package proxy

import (
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/rollout"
)

// exchange is one request on its way through: what came in, what was decided,
// and how it ended.
type exchange struct {
	w       http.ResponseWriter
	in      *http.Request
	began   time.Time
	target  string // exact bytes; path and query are its parts
	path    string
	query   string // with its "?", so that a trailing one counts
	trusted bool   // the peer's X-Forwarded-* are believed

	route *Route // nil: on none, or no poll
	arm   rollout.Arm
	stage rollout.Stage
	who   string // the client's address, as trusted
	actor uint64 // hash of who asks, for statistics; 0 where nobody is judged

	own        http.Handler // what belongs to Pollard, instead of upstream
	subscribes *exchange    // the poll that a request for a subscription stands for

	identity  coalescer.Identity
	condition etag.Condition
	vary      []string // fields that the route has learnt, when the key was made
	bypass    string   // why the poll cannot be coalesced; "" if it can

	passed   func(*http.Response) // is told what upstream answered, where the poll goes by itself
	wait     time.Duration        // how long the client prefers to be held while nothing changes
	outcome  ledger.Outcome
	took     time.Duration // until the answer was whole; of who is compared
	age      time.Duration // of what was given from memory
	interval time.Duration // and how old it may be; 0 if it was not from memory
	reason   string        // of a bypass or failure, or that the actor is held out
	status   int           // 0 until upstream or we have an answer
	broken   bool          // the client has a part of the answer, or none
	left     bool          // because it went away
	ours     bool          // it failed through our own doing
}

// settle counts a poll, once, before its answer is written: the sums then
// close at every scrape.
func (x *exchange) settle(o ledger.Outcome) {
	x.outcome = o
	x.route.live.Counts.Poll(o)
	if x.wait == 0 {
		x.route.live.Counts.Took(o, time.Since(x.began))
	}
}

// receive looks at a request and decides, once, what it gets.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{w: w, in: r, began: time.Now(), target: h.Target(r)}
	h.decide(x, h.tables.Load())
	return x
}

// decide is what is decided of a request by its head, by the connection that it
// came on, and by what the route has learnt: time has no part in it.
func (h *Handler) decide(x *exchange, t *table) {
	r := x.in
	x.path, x.query = cutTarget(x.target)
	switch x.own = h.ownHandler(x, t); {
	case x.own != nil:
		return
	case isWebSocket(r) || isEvents(r):
		h.receiveSubscription(x, t)
		return
	case !isPolled(r):
		return
	}
	if x.route = t.match(x.path); x.route == nil {
		return
	}
	if x.stage = x.route.Rollout.Stage; x.stage == rollout.Off {
		return
	}
	x.who = forward.ClientAddr(r, h.Trusted).String()
	x.trusted = forward.IsTrusted(r, h.Trusted)
	x.identity = h.keys.identity(&x.route.audience, x)
	h.place(x)
	if x.stage >= rollout.Coalesce {
		x.vary = x.route.live.Vary()
		x.condition = etag.ParseCondition(r.Header)
		x.bypass = x.ineligible()
	}
}

// cutTarget splits a request-target into path and query, which keeps its "?".
func cutTarget(target string) (path, query string) {
	if i := strings.IndexByte(target, '?'); i >= 0 {
		return target[:i], target[i:]
	}
	return target, ""
}

// writer returns whose writes the poll must see.
func (h *Handler) writer(identity coalescer.Identity, addr string) coalescer.Identity {
	if identity == (coalescer.Identity{}) {
		return h.keys.address(addr)
	}
	return identity
}

// heldOut is what a poll says that passes because its actor is kept to compare
// with, where others on the route stand higher.
const heldOut = "holdout"

// place decides on which rung an exchange stands.
func (h *Handler) place(x *exchange) {
	p, name := &x.route.Rollout, ""
	if p.Draws() || x.route.trial != nil {
		name = x.actorName()
	}
	x.arm = h.arm(x, name)
	x.stage = p.Rung(x.arm)
	if x.route.trial != nil {
		x.actor = h.actorHash(x, name)
	}
	if x.arm == rollout.Holdout && x.stage < p.Stage {
		x.reason = heldOut
	}
}

// arm returns which arm the actor is in, whom the request may name.
func (h *Handler) arm(x *exchange, name string) rollout.Arm {
	p := &x.route.Rollout
	if !p.Draws() {
		return rollout.Treated
	}
	if name != "" {
		return p.Arm(name)
	}
	id := h.writer(x.identity, x.who)
	var text [2 * len(id)]byte
	hex.Encode(text[:], id[:])
	return p.Arm(string(text[:])) // on the stack: it is short, and goes no further
}

// actorName returns the actor that the request names, where the route says how;
// else "".
func (x *exchange) actorName() string {
	if name := x.route.ActorHeader; name != "" {
		if v := x.in.Header[name]; len(v) == 1 && v[0] != "" {
			return v[0]
		}
	}
	if name := x.route.ActorCookie; name != "" {
		if c, err := x.in.Cookie(name); err == nil {
			return c.Value
		}
	}
	return ""
}
