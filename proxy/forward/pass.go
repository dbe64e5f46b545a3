package forward

import (
	"errors"
	"fmt"
	"net/http"
)

// statusClientClosedRequest is what nginx logs, and everybody reads, when the client has gone
// before there was an answer. Nothing is sent.
const statusClientClosedRequest = 499

// An Exchange is one request that Pass takes to the upstream and back.
type Exchange struct {
	// Target is the exact request-target, as in [Forwarder.Outgoing].
	Target string
	// Upstream is where the request goes, as in [WithAttempt].
	Upstream string
	// Sent is called as by [WithAttempt]. It may be nil.
	Sent func()
	// Received is called when the head of the final response is there and nothing of it has
	// gone to the client. It may change the header, not read the body. It may be nil.
	Received func(*http.Response)
	// Shown is shown each piece of the response's body before it goes to the client. It must
	// not keep or change it. It may be nil.
	Shown func([]byte)
	// Failed writes an answer to the client when the upstream gave none, for an error that
	// is any of this package's but ErrGone. It must not be nil.
	Failed func(w http.ResponseWriter, err error)
}

// A Result is what the client got.
type Result struct {
	// Status is that of the final response: the upstream's, or what Failed wrote; 499 if
	// the client had gone before there was one, 101 after a tunnel.
	Status int
	// Sent is the length of the body that was written, in bytes; of a tunnel, what the
	// upstream said in it.
	Sent int64
	// Err says what went wrong, also where Failed made an answer of it. It is nil after a
	// tunnel, however that ended.
	Err error
	// Broken means that the client has a part of the response, or none: the handler must
	// panic with [http.ErrAbortHandler], or what the client has would look whole.
	Broken bool
}

// Pass takes r to the upstream and what comes back to w, both byte for byte, and returns when
// the client has all of it: for an upgrade when the tunnel is closed. It ends early with r's
// context. Failures before the response are answered by x.Failed. See Result.Broken for what
// the handler must do afterwards.
func (f *Forwarder) Pass(w http.ResponseWriter, r *http.Request, x Exchange) Result {
	early := newInterim(w, r)
	ctx := withHooks(r.Context(), &hooks{upstream: x.Upstream, sent: x.Sent, interim: early.relay})
	out := f.Outgoing(ctx, r, x.Target)
	in := admit(w, r, out)
	defer in.done()

	resp, err := f.RoundTrip(out)
	if err == nil && resp.StatusCode == http.StatusSwitchingProtocols && in.unfinished() {
		// What is left of the body would be read from a connection that has been handed
		// over: net/http panics then.
		resp.Body.Close()
		err = fmt.Errorf("%w: 101 before the end of the request", ErrGarbage)
	}
	early.end()
	if r.ProtoMajor == 1 && (in.unfinished() || listed(r.Header["Connection"], "Upgrade")) {
		// What follows may be the rest of a body, or speak the protocol that was asked for
		// and not granted: it must not be taken for a request.
		w.Header().Set("Connection", "close")
	}
	if err != nil {
		return x.fail(w, err)
	}
	defer resp.Body.Close()
	if x.Received != nil {
		x.Received(resp)
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return x.tunnel(w, resp)
	}
	sent, err := relay(w, resp, x.Shown)
	return Result{Status: resp.StatusCode, Sent: sent, Err: err, Broken: err != nil}
}

// fail has the failure answered, unless there is nobody to answer.
func (x *Exchange) fail(w http.ResponseWriter, err error) Result {
	if errors.Is(err, ErrGone) {
		return Result{Status: statusClientClosedRequest, Err: err, Broken: true}
	}
	a := &answer{ResponseWriter: w}
	x.Failed(a, err)
	return Result{Status: a.status, Sent: a.sent, Err: err}
}

// An answer notes what Failed writes.
type answer struct {
	http.ResponseWriter
	status int
	sent   int64
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(p)
	a.sent += int64(n)
	return n, err
}
