package coalescer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/pollard-proxy/pollard/etag"
)

// errUnasked is a 304 to a request without conditions.
var errUnasked = errors.New("upstream answered 304 to an unconditional request")

// call makes one upstream call and says how long upstream took.
func (c *Coalescer) call(fl *flight, r *Route) result {
	began := time.Now()
	res := c.judge(fl, r)
	res.took = time.Since(began)
	return res
}

// judge makes one upstream call and judges the answer. Bodies that can be
// shared are read whole; anything else is left to the leader to read.
func (c *Coalescer) judge(fl *flight, r *Route) result {
	resp, err := c.transport.RoundTrip(fl.req)
	if err != nil {
		return failure(fl.req.Context(), err)
	}
	r.heed(fl.writer, resp, time.Now())
	res := result{status: resp.StatusCode}
	if res.vary, err = uncoveredBy(r, fl.vary, resp.Header); err != nil {
		return alone(fl, resp, reasonVary)
	}
	if resp.StatusCode == http.StatusNotModified {
		return unmodified(fl, r, resp, res)
	}
	if reason := r.unshareable(resp); reason != "" {
		return alone(fl, resp, reason)
	}
	body, whole, err := readBody(fl.req.Method, resp, r.MaxBody)
	if err != nil {
		resp.Body.Close()
		return failure(fl.req.Context(), err)
	}
	if !whole {
		resp.Body = rest{io.MultiReader(bytes.NewReader(body), resp.Body), resp.Body}
		return alone(fl, resp, reasonOversized)
	}
	resp.Body.Close()
	res.snapshot, res.full = newSnapshot(fl.req.Method, resp, body), true
	return res
}

// uncoveredBy returns the fields that a response varies on and that the key of
// the call did not hold; from now on the route's keys do. It fails where they
// are too many, or Vary is *.
func uncoveredBy(r *Route, keyed []string, h http.Header) ([]string, error) {
	names, ok := r.uncovered(h)
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(keyed, name) })
	if !ok || len(names) > 0 && !r.learn(names) {
		return nil, errors.New("varies on everything")
	}
	return names, nil
}

// unmodified judges a 304. One that renews a session, or that may not be kept,
// speaks to the leader alone.
func unmodified(fl *flight, r *Route, resp *http.Response, res result) result {
	if fl.tag == "" {
		resp.Body.Close()
		return result{err: &CallError{errUnasked}, failed: true}
	}
	if reason := personal(resp.Header); reason != "" {
		return alone(fl, resp, reason)
	}
	resp.Body.Close()
	res.header = resp.Header
	return res
}

// alone hands the response to the leader, whose closing of the body ends the
// call.
func alone(fl *flight, resp *http.Response, reason string) result {
	resp.Body = handed{resp.Body, fl.cancel}
	res := result{status: resp.StatusCode, response: resp, reason: reason}
	if failing(resp) {
		res.failed, res.gate = true, semaphore.NewWeighted(failureFanout)
	}
	return res
}

// failure tells those who wait what went wrong. A call that they all abandoned
// says nothing of upstream.
func failure(ctx context.Context, err error) result {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return result{err: &CallError{err}, failed: !errors.Is(err, errAbandoned)}
}

// newSnapshot keeps what a response said end to end.
func newSnapshot(method string, resp *http.Response, body []byte) *Snapshot {
	s := &Snapshot{Tag: etag.Of(resp.Header), Header: endToEnd(resp.Header), Body: body}
	if method != http.MethodHead {
		delete(s.Header, "Content-Length")
	}
	if s.Tag == "" {
		s.Tag, s.ours = etag.FromBody(body), true
		s.Header["Etag"] = []string{string(s.Tag)}
	}
	return s
}

// readBody reads a body of at most limit bytes. It returns what it read and
// whether that is all; a body that ends before its time is an error.
func readBody(method string, resp *http.Response, limit int64) (body []byte, whole bool, err error) {
	if n := resp.ContentLength; n >= 0 && method != http.MethodHead {
		body = make([]byte, n)
		if _, err = io.ReadFull(resp.Body, body); err != nil {
			return nil, false, fmt.Errorf("reading the body: %w", err)
		}
		return body, true, nil
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, false, fmt.Errorf("reading the body: %w", err)
	}
	if cap(body)-len(body) > len(body)/8 {
		body = bytes.Clone(body) // it grew as it came, and stays for long
	}
	return body, int64(len(body)) <= limit, nil
}

// retryAfter returns the delay that upstream asks for, 0 if none (RFC 9110
// §10.2.3).
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// handed is a body whose reader ends the call.
type handed struct {
	io.ReadCloser
	end context.CancelCauseFunc
}

func (h handed) Close() error {
	err := h.ReadCloser.Close()
	h.end(nil)
	return err
}

// rest is a body of which a part has been read already.
type rest struct {
	io.Reader
	io.Closer
}

// endToEnd returns the fields of a response that are not of the connection it
// came on (RFC 9111 §3.1), in a map of their own.
func endToEnd(h http.Header) http.Header {
	kept := h.Clone()
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			kept.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range [...]string{"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Trailer", "Upgrade"} {
		delete(kept, name)
	}
	return kept
}
