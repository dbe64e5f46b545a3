package proxy

import (
	"net/http"
	"slices"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/proxy/forward"
)

// A subscription is of the document that the page polls. A socket cannot carry
// the fields of a poll, and its own are not a poll's; so the question is put
// together: who asks from the request for the subscription, and in which form
// from the identity's last poll of that URL, else from what the route says.

// question returns the exchange of the poll that a subscription to target
// stands for.
func (h *Handler) question(x *exchange, rt *Route, target string) *exchange {
	r := &http.Request{
		Method: http.MethodGet, Proto: x.in.Proto, ProtoMajor: 1, ProtoMinor: 1,
		Host: x.in.Host, RemoteAddr: x.in.RemoteAddr, TLS: x.in.TLS, Header: http.Header{},
	}
	q := &exchange{in: r, began: time.Now(), target: target, route: rt, trusted: x.trusted, who: x.who}
	q.path, q.query = cutTarget(target)
	for name, values := range x.in.Header {
		if rt.statedClass(name) == credential || isForwarded(name) || name == rt.ActorHeader {
			r.Header[name] = slices.Clone(values)
		}
	}
	q.identity = h.keys.identity(&rt.audience, q)
	h.place(q)
	for name, values := range h.formOf(q) {
		r.Header[name] = values
	}
	q.vary = rt.live.Vary()
	return q
}

// formOf returns in which form the document is asked for.
func (h *Handler) formOf(q *exchange) http.Header {
	if f, ok := h.Coalescer.LastForm(h.whose(q)); ok {
		return f
	}
	return q.route.PollHeaders
}

// without returns the same question without a field. Whoever watches already may
// be asking by q, so that stays as it is.
func (q *exchange) without(name string) *exchange {
	plain, in := *q, *q.in
	in.Header = q.in.Header.Clone()
	delete(in.Header, name)
	plain.in = &in
	return &plain
}

// form is in which form a document was asked for, and whose that is.
type form struct {
	of     coalescer.Whose
	fields http.Header
}

// form returns the form of a poll, for subscriptions to come; nil if it is none to
// go by. What another site makes a browser ask for is not how this site's pages ask.
func (h *Handler) form(x *exchange) *form {
	if crossSite(x.in.Header) || foreignOrigin(x.in, scheme(x.in)) != nil {
		return nil
	}
	fields := http.Header{}
	for name, values := range x.in.Header {
		if x.route.classOf(name) == variant && !isForwarded(name) {
			fields[name] = slices.Clone(values)
		}
	}
	return &form{h.whose(x), fields}
}

// remember keeps a form, if there is one.
func (h *Handler) remember(f *form) {
	if f != nil {
		h.Coalescer.Remember(f.of, f.fields)
	}
}

// whose is who asks for what, in whatever form.
func (h *Handler) whose(x *exchange) coalescer.Whose {
	return coalescer.Whose{Place: h.keys.place(x.route, x), Identity: x.identity}
}

// Identity returns whose a request is, whatever it asks for, by the rules that
// hold where no route adds to them; of clients without an identity, their
// address's.
func (h *Handler) Identity(r *http.Request) coalescer.Identity {
	x := &exchange{in: r, trusted: forward.IsTrusted(r, h.Trusted)}
	who := newAudience(nil, nil)
	return h.writer(h.keys.identity(&who, x), forward.ClientAddr(r, h.Trusted).String())
}
