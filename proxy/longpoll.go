package proxy

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/push"
)

// maxWait bounds how long a poll may ask to be held.
const maxWait = 60 * time.Second

// wait returns for how long a poll asks to be held while nothing changes
// (Prefer: wait=N, RFC 7240 §4.3), in whole seconds; 0 if it does not, or asks
// for anything else besides: then the field is upstream's.
func wait(prefer []string) time.Duration {
	if len(prefer) != 1 {
		return 0
	}
	name, value, _ := strings.Cut(strings.TrimSpace(prefer[0]), "=")
	n, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 31)
	if err != nil || !strings.EqualFold(strings.TrimSpace(name), "wait") {
		return 0
	}
	return min(time.Duration(n)*time.Second, maxWait)
}

// hold puts the client's question and, if the answer is 304 and the client
// prefers to wait, puts it again once the document may have changed.
func (h *Handler) hold(x *exchange, p *coalescer.Poll) (coalescer.Answer, error) {
	a, err := h.Coalescer.Next(x.in.Context(), p)
	if x.wait > 0 && err == nil && a.Response == nil && a.NotModified && h.await(x, p, a.Snapshot.Tag) {
		if err := x.in.Context().Err(); err != nil {
			return coalescer.Answer{}, err // nobody is left to be answered from memory
		}
		a, err = h.Coalescer.Next(x.in.Context(), p)
	}
	if x.wait > 0 && err == nil && a.Response == nil {
		x.w.Header()["Preference-Applied"] = []string{"wait=" + strconv.Itoa(int(x.wait/time.Second))}
	}
	return a, err
}

// await holds a poll while the document is the one with this tag. It reports
// false at once where those who wait are being sent away.
func (h *Handler) await(x *exchange, p *coalescer.Poll, tag etag.Tag) bool {
	ctx, cancel := context.WithTimeout(x.in.Context(), x.wait)
	defer cancel()
	w := &held{handler: h, poll: x, answer: cancel}
	leave, ok := h.Push.Join(x.in.Context(), w)
	if !ok {
		return false
	}
	defer leave()
	h.Coalescer.Await(ctx, p, tag)
	if w.restarts.Load() {
		// It came before the front door was retired, and nobody may ask on a connection that is about to be closed.
		x.w.Header().Set("Connection", "close")
	}
	return true
}

// held is a poll that waits. When it is told to go it is answered: an instance
// that stops has to cut off whoever waits for longer than its grace.
type held struct {
	handler *Handler
	poll    *exchange
	answer  func()

	restarts atomic.Bool // it is told to go because its connection ends
}

// Leave implements [push.Leaver].
func (w *held) Leave(f push.Farewell) bool {
	w.restarts.Store(f.Code == push.CloseRestart)
	w.answer()
	return true
}

// Review implements [push.Leaver].
func (w *held) Review() bool {
	return w.handler.objection(w.poll) != nil && w.Leave(push.Farewell{})
}
