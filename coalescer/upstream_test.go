package coalescer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/ledger"
)

// reply is what an upstream says to one request.
type reply struct {
	status  int
	header  http.Header
	body    string
	latency time.Duration // until the header has come
	err     error         // instead of an answer
	length  int64         // Content-Length; -1 is none
	trailer http.Header

	breaksOff bool // the body ends before its time
	stalls    bool // the body never ends
	deaf      bool // the call does not end when it is cancelled
}

// fields makes a header of lines like `ETag: "v1"`.
func fields(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		h.Add(textproto.TrimString(name), textproto.TrimString(value))
	}
	return h
}

// page is a 200 with an entity tag, which may be none.
func page(tag, body string, lines ...string) reply {
	r := reply{status: 200, header: fields(lines...), body: body, length: int64(len(body))}
	if tag != "" {
		r.header.Set("ETag", tag)
	}
	return r
}

func unchanged(lines ...string) reply {
	return reply{status: http.StatusNotModified, header: fields(lines...)}
}

// says is an answer whose body is the text of its status.
func says(status int, lines ...string) reply {
	body := http.StatusText(status)
	if status == http.StatusNoContent {
		body = ""
	}
	return reply{status: status, header: fields(lines...), body: body, length: int64(len(body))}
}

func broken(err error) reply { return reply{err: err} }

func (r reply) in(d time.Duration) reply { r.latency = d; return r }
func (r reply) chunked() reply           { r.length = -1; return r }

// sent is a request as upstream saw it.
type sent struct {
	reason      ledger.Reason
	user        string
	target      string
	ifNoneMatch []string
	header      http.Header
}

// String is the request in one line: who asks what, and with which condition.
func (s sent) String() string {
	line := fmt.Sprintf("%v %s %s", s.reason, s.user, s.target)
	for _, tag := range s.ifNoneMatch {
		line += " If-None-Match: " + tag
	}
	return line
}

// upstream plays the web fleet: an in-memory [http.RoundTripper]. It notes
// every request, how many of one user and target are in flight at a time, and
// whether each body is closed exactly once.
type upstream struct {
	t       testing.TB
	forgets bool // requests are not noted

	mu       sync.Mutex
	answer   func(*http.Request) reply
	requests []sent
	inFlight map[string]int
	peak     int // of inFlight, over all keys
	open     int // bodies not closed yet
}

func newUpstream(t testing.TB) *upstream {
	return &upstream{t: t, inFlight: map[string]int{}}
}

// says sets what every request is answered from now on.
func (u *upstream) says(r reply) { u.does(func(*http.Request) reply { return r }) }

// does sets how requests are answered from now on.
func (u *upstream) does(answer func(*http.Request) reply) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.answer = answer
}

// reasonKey is the context key of the reason why a request is made.
type reasonKey struct{}

// userOf returns who asks; a request without a credential is nobody's.
func userOf(r *http.Request) string {
	if user := r.Header.Get("Cookie"); user != "" {
		return user
	}
	return "nobody"
}

func reasonOf(r *http.Request) ledger.Reason {
	reason, _ := r.Context().Value(reasonKey{}).(ledger.Reason)
	return reason
}

func note(r *http.Request) sent {
	return sent{
		reason: reasonOf(r), user: userOf(r), target: r.URL.RequestURI(),
		ifNoneMatch: r.Header["If-None-Match"], header: r.Header.Clone(),
	}
}

func (u *upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	document := userOf(r) + " " + r.Method + " " + r.URL.RequestURI()
	u.mu.Lock()
	if !u.forgets {
		u.requests = append(u.requests, note(r))
	}
	u.inFlight[document]++
	u.peak = max(u.peak, u.inFlight[document])
	answer := u.answer
	u.mu.Unlock()

	said := answer(r)
	if err := said.wait(r.Context()); err != nil {
		u.ended(document)
		return nil, err
	}
	return u.respond(r, said, func() { u.ended(document) }), nil
}

// wait passes the time until the header comes.
func (r reply) wait(ctx context.Context) error {
	if r.deaf {
		time.Sleep(r.latency)
		return context.Cause(ctx)
	}
	select {
	case <-time.After(r.latency):
		return r.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (u *upstream) ended(document string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.inFlight[document]--
}

func (u *upstream) respond(r *http.Request, said reply, ended func()) *http.Response {
	u.mu.Lock()
	u.open++
	u.mu.Unlock()
	resp := &http.Response{
		StatusCode: said.status, Header: said.header.Clone(), ContentLength: said.length, Trailer: said.trailer, Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	if said.length >= 0 && said.status != http.StatusNotModified {
		resp.Header.Set("Content-Length", fmt.Sprint(said.length))
	}
	text := said.body
	if r.Method == http.MethodHead {
		text = ""
	}
	resp.Body = &body{up: u, ctx: r.Context(), said: said, text: strings.NewReader(text), ended: ended}
	return resp
}

// body is that of an answer.
type body struct {
	up    *upstream
	ctx   context.Context
	said  reply
	text  *strings.Reader
	ended func()

	mu     sync.Mutex
	closed bool
}

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	closed := b.closed
	b.mu.Unlock()
	if closed {
		return 0, errors.New("read after Close")
	}
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	n, err := b.text.Read(p)
	switch {
	case err == nil:
	case b.said.breaksOff:
		err = io.ErrUnexpectedEOF
	case b.said.stalls:
		<-b.ctx.Done()
		err = context.Cause(b.ctx)
	}
	return n, err
}

func (b *body) Close() error {
	b.mu.Lock()
	again := b.closed
	b.closed = true
	b.mu.Unlock()
	if again {
		b.up.t.Error("a body was closed twice")
		return nil
	}
	b.ended()
	b.up.mu.Lock()
	b.up.open--
	b.up.mu.Unlock()
	return nil
}

// count returns how many requests there were so far.
func (u *upstream) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.requests)
}

// saw returns the requests since the last call of saw, one line each.
func (u *upstream) saw() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	lines := make([]string, len(u.requests))
	for i, r := range u.requests {
		lines[i] = r.String()
	}
	u.requests = nil
	return lines
}

// wantSaw checks the requests since the last look, in any order.
func (u *upstream) wantSaw(want ...string) {
	u.t.Helper()
	got := u.saw()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		u.t.Errorf("upstream saw\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// wantQuiet checks that nothing of the calls is left behind.
func (u *upstream) wantQuiet() {
	u.t.Helper()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.open != 0 {
		u.t.Errorf("%d bodies were never closed", u.open)
	}
	for document, n := range u.inFlight {
		if n != 0 {
			u.t.Errorf("%d calls of %q never ended", n, document)
		}
	}
}
