package push

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
)

// heartbeat is how often an event stream that says nothing else says a comment:
// more often than proxies and balancers lose patience.
const heartbeat = 15 * time.Second

// ServeEvents answers the request with a stream of server-sent events about the
// document: HTML Standard §9.2. Last-Event-ID says what the client has. It
// returns when the stream has ended. Any version of HTTP will do.
func (h *Hub) ServeEvents(w http.ResponseWriter, r *http.Request, s Subscription) {
	if r.Method != http.MethodGet {
		h.refuse(w, s, &Refusal{http.StatusMethodNotAllowed, reasonMethod})
		return
	}
	release, refusal := h.Admit(s.Identity)
	if refusal != nil {
		h.refuse(w, s, refusal)
		return
	}
	defer release()
	watch, err := s.Open(r.Context())
	if err != nil {
		answerFailure(w, err)
		return
	}
	defer watch.Close()
	h.stream(w, r, s, watch)
}

func (h *Hub) stream(w http.ResponseWriter, r *http.Request, s Subscription, watch *coalescer.Watch) {
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	e := &events{hub: h, w: w, control: http.NewResponseController(w), subscription: s, cancel: cancel}
	leave, ok := h.Join(r.Context(), e)
	if !ok {
		h.refuse(w, s, &Refusal{http.StatusServiceUnavailable, reasonDraining})
		return
	}
	defer leave()
	e.Review() // whoever joined too late to be sent away with the others
	err := e.begin()
	if err == nil {
		p := h.Pursue(Following{Subscription: s, Transport: ledger.Events, Watch: watch, After: etag.Tag(r.Header.Get("Last-Event-Id"))}, e)
		defer p.End()
		err = p.follow(ctx, heartbeat, e.beat)
	}
	h.options.Log.Debug("watcher leaves", "route", s.Route, "transport", ledger.Events, "cause", err)
	e.sayGoodbye(err)
}

// events is a stream of server-sent events. Its methods but Leave and Review are
// called by the goroutine that serves the request.
type events struct {
	hub     *Hub
	w       http.ResponseWriter
	control *http.ResponseController
	cancel  context.CancelCauseFunc

	subscription Subscription
}

// Leave implements [Leaver].
func (e *events) Leave(why Farewell) bool {
	e.cancel(why)
	return true
}

// Review implements [Leaver].
func (e *events) Review() bool {
	why := e.subscription.Objection()
	return why != nil && e.Leave(*why)
}

// begin opens the stream, and says when to come back should it break: not all
// at once.
func (e *events) begin() error {
	header := e.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
	return e.write(retryField(nil, minRetry+e.hub.comeBack()))
}

// minRetry is the least time until a client comes back whose stream broke.
const minRetry = time.Second

// Document implements [Outlet].
func (e *events) Document(m coalescer.Moment) error {
	body, err := e.hub.frames.of(m.Snapshot).body()
	if err != nil {
		return err
	}
	if !utf8.Valid(body) {
		return fmt.Errorf("%w: no UTF-8", ErrUnpushable)
	}
	return e.write(eventOf("document", m.Tag, body))
}

// Changed implements [Outlet].
func (e *events) Changed(tag etag.Tag, after time.Duration) error {
	return e.write(eventOf("changed", tag, encode(struct {
		ETag    etag.Tag `json:"etag"`
		AfterMS int64    `json:"after_ms"`
	}{tag, after.Milliseconds()})))
}

// beat writes a comment.
func (e *events) beat() error { return e.write([]byte(":\n\n")) }

// write sends it at once, in limited time.
func (e *events) write(event []byte) error {
	err := e.control.SetWriteDeadline(time.Now().Add(e.hub.options.WriteTimeout))
	if err != nil {
		return fmt.Errorf("bounding a write: %w", err)
	}
	if _, err = e.w.Write(event); err == nil {
		err = e.control.Flush()
	}
	if err != nil {
		return fmt.Errorf("writing an event: %w", err)
	}
	return nil
}

// sayGoodbye tells the client why the stream ends, and whether to come back. The
// connection may carry further requests: they are not bounded by our deadline.
func (e *events) sayGoodbye(why error) {
	var ended *coalescer.Ended
	var farewell Farewell
	switch {
	case errors.As(why, &ended):
		e.end(ended.Status, ended.Reconnect, e.hub.comeBack())
	case errors.As(why, &farewell) && farewell.Reconnect():
		e.end(http.StatusServiceUnavailable, true, farewell.After)
	case errors.As(why, &farewell):
		e.end(http.StatusGone, false, 0)
	case errors.Is(why, ErrUnpushable):
		e.end(http.StatusNotAcceptable, false, 0)
	default:
		return
	}
	e.control.SetWriteDeadline(time.Time{})
}

// end writes the last event. If that fails, the stream has ended all the same.
func (e *events) end(status int, reconnect bool, after time.Duration) {
	var event []byte
	if reconnect {
		event = retryField(nil, after)
	}
	e.write(append(event, eventOf("end", "", encode(struct {
		Status    int  `json:"status"`
		Reconnect bool `json:"reconnect"`
	}{status, reconnect}))...))
}

func retryField(event []byte, d time.Duration) []byte {
	event = append(event, "retry: "...)
	return append(strconv.AppendInt(event, d.Milliseconds(), 10), "\n\n"...)
}

// eventOf returns an event. Each line of data is a field: CR, LF and both end
// one, so that the client gets LF for any of them.
func eventOf(name string, id etag.Tag, data []byte) []byte {
	b := make([]byte, 0, len(data)+len(data)/8+len(id)+64)
	if id != "" && utf8.ValidString(string(id)) && !strings.ContainsAny(string(id), "\x00\r\n") {
		b = append(append(append(b, "id: "...), id...), '\n')
	}
	b = append(append(append(b, "event: "...), name...), '\n')
	for line := range lines(data) {
		b = append(append(append(b, "data: "...), line...), '\n')
	}
	return append(b, '\n')
}

// lines yields the lines of data without their ends; the last, and be it empty,
// is what follows the last end.
func lines(data []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for {
			end := bytes.IndexAny(data, "\r\n")
			if end < 0 {
				yield(data)
				return
			}
			if !yield(data[:end]) {
				return
			}
			if bytes.HasPrefix(data[end:], []byte("\r\n")) {
				end++
			}
			data = data[end+1:]
		}
	}
}
