package proxy

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/push"
	"github.com/pollard-proxy/pollard/rollout"
)

// own is where what belongs to Pollard lives, while some route is at stage push.
const own = "/-/pollard/"

// receiveSubscription looks at a request that asks for a socket or a stream on
// a polled URL. Unless its actor stands on the push rung it is none of ours.
func (h *Handler) receiveSubscription(x *exchange, t *table) {
	rt := t.match(x.path)
	if rt == nil || rt.Rollout.Stage != rollout.Push {
		return
	}
	x.who = forward.ClientAddr(x.in, h.Trusted).String()
	x.trusted = forward.IsTrusted(x.in, h.Trusted)
	if q := h.question(x, rt, x.target); q.stage == rollout.Push {
		x.subscribes = q
	}
}

// push serves a subscription on the polled URL.
func (h *Handler) push(x *exchange) {
	q := x.subscribes
	switch {
	case isWebSocket(x.in) && !x.hasOwnOrigin(q.route.Origins), x.isForeign(q.route.Origins):
		h.refuseOrigin(x.w, q.route.live.Counts)
	case isWebSocket(x.in):
		h.Push.ServeWebSocket(x.w, x.in, h.subscription(q))
	default:
		h.Push.ServeEvents(x.w, x.in, h.subscription(q))
	}
}

// notFromHere refuses the page of another site.
func notFromHere() *push.Refusal {
	return &push.Refusal{Status: http.StatusForbidden, Reason: "origin"}
}

// refuseOrigin turns a subscription down before upstream is asked.
func (h *Handler) refuseOrigin(w http.ResponseWriter, counts *ledger.Route) {
	why := notFromHere()
	counts.Refused(why.Reason)
	h.Push.Refuse(w, why)
}

// subscription is q's document, to be watched.
func (h *Handler) subscription(q *exchange) push.Subscription {
	var asked *coalescer.Poll // once the watch is open
	return push.Subscription{
		Route:        q.route.Name,
		Counts:       q.route.live.Counts,
		Identity:     h.writer(q.identity, q.who),
		SignalBudget: q.route.SignalBudget,
		Open: func(ctx context.Context) (w *coalescer.Watch, err error) {
			w, asked, err = h.open(ctx, q)
			return w, err
		},
		Witness: h.witness(q, func() *coalescer.Poll { return asked }),
		Every:   q.route.told,
		Object:  func() *push.Farewell { return h.objection(q) },
	}
}

// open opens a watch of q's document by the question that it returns, unless it fell meanwhile: those who
// watched may have been sent away by then, and this one would stay.
func (h *Handler) open(ctx context.Context, q *exchange) (*coalescer.Watch, *coalescer.Poll, error) {
	w, p, err := h.watch(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	if h.objection(q) != nil {
		w.Close()
		return nil, nil, &coalescer.Refused{Status: http.StatusGone}
	}
	if rt := h.tables.Load().named(q.route.Name); rt != nil && rt != q.route {
		h.Coalescer.Adopt(q.route.live, rt.live)
	}
	return w, p, nil
}

// objection returns how who watches q's document is to be sent away, by the
// routes that are in force: to poll, where it is pushed to them no more; to come
// back, where by other rules it is another document.
func (h *Handler) objection(q *exchange) *push.Farewell {
	now := exchange{in: q.in, who: q.who, identity: q.identity} // a poll that is held is being written to meanwhile
	now.route = h.tables.Load().match(q.path)
	if now.route == q.route {
		return nil
	}
	if now.route != nil {
		h.place(&now)
	}
	switch {
	case now.route == nil, now.stage < rollout.Push:
		return &push.Farewell{Code: push.ClosePoll}
	case now.route.rules != q.route.rules:
		return &push.Farewell{Code: push.CloseRestart}
	}
	return nil
}

// watch opens a watch of q's document. A body in an encoding that browsers
// decode for a poll, but not in a frame, is asked for without.
func (h *Handler) watch(ctx context.Context, q *exchange) (*coalescer.Watch, *coalescer.Poll, error) {
	w, p, err := h.watchAsLearnt(ctx, q)
	if err != nil || q.in.Header["Accept-Encoding"] == nil {
		return w, p, err
	}
	m, err := w.Next(ctx, "")
	if err == nil && push.Decodes(m.Header) {
		return w, p, nil
	}
	w.Close()
	if err != nil {
		return nil, nil, err
	}
	return h.watchAsLearnt(ctx, q.without("Accept-Encoding"))
}

// watchAsLearnt opens a watch, and once more where the answer to the first says
// that the document varies on more than was known.
func (h *Handler) watchAsLearnt(ctx context.Context, q *exchange) (*coalescer.Watch, *coalescer.Poll, error) {
	p := h.poll(q)
	w, err := h.Coalescer.Watch(ctx, p)
	var refused *coalescer.Refused
	if learnt := q.route.live.Vary(); errors.As(err, &refused) && refused.Status == http.StatusOK && !slices.Equal(learnt, q.vary) {
		wiser := *q
		wiser.vary = learnt
		p = h.poll(&wiser)
		w, err = h.Coalescer.Watch(ctx, p)
	}
	return w, p, err
}

// Resolve finds the document behind a path on behalf of whoever asked for the
// socket that names it (package push/actioncable).
func (h *Handler) Resolve(r *http.Request, path string) (push.Subscription, error) {
	x := &exchange{in: r, who: forward.ClientAddr(r, h.Trusted).String(), trusted: forward.IsTrusted(r, h.Trusted)}
	plain, _ := cutTarget(path)
	if strings.HasPrefix(path, "//") || strings.ContainsFunc(path, func(c rune) bool { return c <= ' ' || c == '#' || c >= 0x7f }) {
		return refused(h.other, &push.Refusal{Status: http.StatusBadRequest, Reason: "path"})
	}
	rt := h.tables.Load().match(plain)
	if rt == nil || rt.Rollout.Stage != rollout.Push {
		return refused(h.other, &push.Refusal{Status: http.StatusNotFound, Reason: "no-route"})
	}
	if !x.hasOwnOrigin(rt.Origins) { // another route may have let the socket in
		return refused(rt.live.Counts, notFromHere())
	}
	q := h.question(x, rt, path)
	if q.stage != rollout.Push {
		return refused(rt.live.Counts, &push.Refusal{Status: http.StatusNotFound, Reason: "rung"})
	}
	return h.subscription(q), nil
}

// refused counts why there is no subscription.
func refused(counts *ledger.Route, why *push.Refusal) (push.Subscription, error) {
	counts.Refused(why.Reason)
	return push.Subscription{}, why
}

// ownHandler returns what serves a path that belongs to Pollard; nil if it is
// upstream's. A socket there is for the site's own pages alone.
func (h *Handler) ownHandler(x *exchange, t *table) http.Handler {
	if !strings.HasPrefix(x.path, own) || !t.pushes {
		return nil
	}
	x.trusted = forward.IsTrusted(x.in, h.Trusted)
	handler, ok := h.Own[x.path]
	switch {
	case !ok:
		return http.NotFoundHandler()
	case isWebSocket(x.in) && !x.hasOwnOrigin(t.origins):
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { h.refuseOrigin(w, h.other) })
	}
	return handler
}
