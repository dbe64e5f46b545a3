package proxy

import (
	"net/http"
	"slices"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/proxy/frontdoor"
	"github.com/pollard-proxy/pollard/rollout"
)

// The hit lane: polls that are answered from memory where they arrive. It decides
// nothing of its own: what is decided of a poll depends on the bytes of its head, its
// connection and the routes, so the decision of the ordinary path is made once and
// holds for the same poll when it comes again. What depends on time is asked anew each
// time. Whatever is no hit is left to the ordinary path.

// Covers implements [frontdoor.Lane]: the target is on a route whose polls may be
// answered from memory.
func (h *Handler) Covers(target []byte) bool {
	path, _ := cutTarget(string(target))
	rt := h.tables.Load().match(path)
	return rt != nil && rt.Rollout.Stage >= rollout.Coalesce
}

// Prepare implements [frontdoor.Lane].
func (h *Handler) Prepare(r *http.Request) frontdoor.Answer {
	return (&repeat{handler: h, in: r}).answer
}

// A repeat is a poll that comes again and again on one connection, the same to the
// byte. It is used by one goroutine at a time; what it hands on it does not change.
type repeat struct {
	handler *Handler
	in      *http.Request

	by      *table           // of which it was decided
	x       exchange         // as decided
	turn    exchange         // x, as it is answered this time
	poll    *coalescer.Poll  // its question; nil where such a poll is not answered from memory
	form    *form            // what is remembered of it; nil below push
	key     string           // as its answers name it
	printed *printedSnapshot // what it was given last; may be nil
}

// answer implements [frontdoor.Answer].
func (p *repeat) answer(dst []byte) (head, content []byte, ok bool) {
	if p.isOutdated() {
		p.decide()
	}
	if p.poll == nil {
		return dst, nil, false
	}
	began := time.Now()
	a, ok := p.handler.Coalescer.Hit(p.poll, began)
	if !ok {
		return dst, nil, false
	}
	if p.printed == nil || p.printed.of != a.Snapshot {
		p.printed = &printedSnapshot{of: a.Snapshot}
	}
	fields := p.printed.fields(&p.x, a)
	if fields == nil {
		return dst, nil, false
	}
	p.account(began, a)
	head = appendHead(dst, a, fields, p.key)
	if a.NotModified || p.in.Method == http.MethodHead {
		return head, nil, true
	}
	return head, a.Snapshot.Body, true
}

// isOutdated reports whether the decision was made by other routes, or before the
// route had learnt what it knows.
func (p *repeat) isOutdated() bool {
	return p.by != p.handler.tables.Load() || p.x.stage >= rollout.Coalesce && !slices.Equal(p.x.vary, p.x.route.live.Vary())
}

// decide takes the ordinary path's decision. A poll that asks to be held is not
// answered at once, and one that may be one too many has to be counted there.
func (p *repeat) decide() {
	h := p.handler
	*p = repeat{handler: h, in: p.in, by: h.tables.Load()}
	x := &p.x
	x.in, x.target = p.in, h.Target(p.in)
	h.decide(x, p.by)
	if x.own != nil || x.subscribes != nil || x.route == nil || x.stage < rollout.Coalesce || x.bypass != "" || x.wait > 0 || h.limits.areSet() {
		return
	}
	kept := *x // which nobody changes: a check may still ask by it when p is another
	p.poll, p.key = h.poll(&kept), x.keyParameter()
	if x.stage == rollout.Push {
		p.form = h.form(x)
	}
}

// account does for a hit whatever the ordinary path does beside answering it.
func (p *repeat) account(began time.Time, a coalescer.Answer) {
	h, x := p.handler, &p.turn
	*x = p.x
	x.began = began
	h.remember(p.form)
	x.given(a)
	if x.in.Method == http.MethodGet {
		h.mayCheck(x.route, p.poll, a.Snapshot)
	}
	x.fared()
	h.logPoll(x)
}
