package forward

import (
	"context"
	"errors"
	"net/http"
	"slices"
)

// maxTried bounds the endpoints that one request is offered to, each with a connection that
// may take Options.DialTimeout to fail.
const maxTried = 3

// A trip is one request on its way to one of the endpoints of an upstream.
type trip struct {
	forwarder *Forwarder
	req       *http.Request
	hooks     *hooks
	all       []*endpoint // as they were at the start

	tried [maxTried]*endpoint
	n     int // how many of tried
}

// unanswered marks the failure of an attempt that a repetition may mend: on a new
// connection to the same endpoint or, unless that is here, only to another.
type unanswered struct {
	error
	here bool
}

func (u unanswered) Unwrap() error { return u.error }

// take sends the request, and once more where that may mend a failure.
func (t *trip) take() (*http.Response, error) {
	resp, err := t.attempt(!BindsConnection(t.req.Header))
	if err != nil && t.mayRepeat(err) {
		resp, err = t.attempt(false)
	}
	return resp, err
}

func (t *trip) mayRepeat(err error) bool {
	var u unanswered
	return errors.As(err, &u) && (u.here || t.hasOther()) &&
		(t.req.Method == http.MethodGet || t.req.Method == http.MethodHead) &&
		!hasBody(t.req) && t.req.Context().Err() == nil
}

// hasOther reports whether there is an endpoint that was not tried and may be.
func (t *trip) hasOther() bool { return t.n < min(maxTried, len(t.all)) }

// attempt sends the request once: on a connection that was kept, if that is wanted and there
// is one, else on a new one.
func (t *trip) attempt(kept bool) (*http.Response, error) {
	l, err := t.link(kept)
	if err != nil {
		closeBody(t.req)
		if errors.Is(err, ErrUnreachable) {
			err = unanswered{err, len(t.all) == 1}
		}
		return nil, err
	}
	ctx := t.req.Context()
	c := &call{req: t.req, link: l, hooks: t.hooks}
	c.unwatch = context.AfterFunc(ctx, l.abort)
	resp, err := c.run()
	if err != nil {
		err = c.explain(err)
		l.endpoint.broke(err, l.reused)
		c.end(false)
		return nil, err
	}
	l.endpoint.answered(resp)
	return resp, nil
}

// link returns a connection for the request, whose endpoint has one more pending. A request
// for which none can be opened has not been sent: whatever its method it may go elsewhere.
func (t *trip) link(kept bool) (*link, error) {
	for {
		e, l := t.choose(kept)
		e.pending.Add(1)
		if l != nil {
			return l, nil
		}
		l, err := t.forwarder.dial(t.req.Context(), e)
		if err == nil {
			return l, nil
		}
		e.pending.Add(-1)
		if t.req.Context().Err() != nil {
			return nil, err
		}
		e.failed(err)
		if !t.hasOther() {
			return nil, err
		}
	}
}

// choose returns the endpoint to go to next and, where one is wanted and there, a connection
// that was kept. An endpoint that has closed one meanwhile may be leaving: then another is
// better, if there is one.
func (t *trip) choose(kept bool) (*endpoint, *link) {
	for {
		e := choose(t.all, t.tried[:t.n])
		if e == nil { // all were tried
			e = choose(t.all, nil)
		}
		var l *link
		var lost bool
		if kept {
			l, lost = e.pool.get()
		}
		if lost {
			e.standing.signed()
		}
		if l != nil || !lost || len(t.all) == 1 {
			t.note(e)
			return e, l
		}
	}
}

func (t *trip) note(e *endpoint) {
	if t.n < maxTried && !slices.Contains(t.tried[:t.n], e) {
		t.tried[t.n] = e
		t.n++
	}
}

// failed notes that no connection could be made.
func (e *endpoint) failed(err error) {
	if e.standing.failed() {
		e.fleet.log().Warn("endpoint fails", "endpoint", e.address, "error", err)
	}
}

// broke notes that an attempt was not answered. On a connection that was kept that may have
// been the end of its time.
func (e *endpoint) broke(err error, reused bool) {
	switch {
	case !errors.Is(err, ErrUnreachable):
	case reused:
		e.standing.signed()
	default:
		e.failed(err)
	}
}

// answered notes what the head of an answer says of the endpoint.
func (e *endpoint) answered(resp *http.Response) {
	if e.fleet.options.EjectUnavailable && isUnavailable(resp) {
		e.failed(unwell(resp.StatusCode))
		return
	}
	leaves := listed(resp.Header["Connection"], "close")
	if e.standing.answered(!leaves) {
		e.fleet.log().Info("endpoint answers again", "endpoint", e.address)
	}
	if leaves {
		e.standing.signed()
	}
}

func isUnavailable(resp *http.Response) bool {
	return resp.StatusCode == http.StatusBadGateway ||
		resp.StatusCode == http.StatusServiceUnavailable && resp.Header["Retry-After"] != nil
}
