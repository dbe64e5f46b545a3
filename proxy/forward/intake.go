package forward

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// lingering is how long a client that still sends, although the response is complete, is
// listened to: a connection closed earlier may take that response with it (RFC 9112 §9.6).
const lingering = time.Second

// An intake is a request's body as it comes from the client. Another goroutine reads it, and
// may still wait for the client when the response is complete; done ends that.
type intake struct {
	r   *http.Request
	out *http.Request // as it is sent; its trailers come with the end of the body
	rc  *http.ResponseController

	read   int64 // owned by the reader
	ended  atomic.Bool
	closed chan struct{}
	once   sync.Once // for Close
}

// admit puts an intake between r's body and out, or returns nil if there is no body.
func admit(w http.ResponseWriter, r, out *http.Request) *intake {
	if !hasBody(out) {
		return nil
	}
	in := &intake{r: r, out: out, rc: http.NewResponseController(w), closed: make(chan struct{})}
	out.Body = in
	// Without this net/http reads the body itself once the response begins, and the upstream
	// gets what is left. HTTP/2, and writers of tests, need no such thing and may refuse.
	_ = in.rc.EnableFullDuplex()
	return in
}

func (in *intake) Read(p []byte) (int, error) {
	n, err := in.r.Body.Read(p)
	in.read += int64(n)
	if err == io.EOF {
		in.out.Trailer = forwardable(in.r.Trailer)
	}
	if err == io.EOF || in.read == in.r.ContentLength {
		in.ended.Store(true)
	}
	return n, err
}

// Close says that nobody reads any more. The body itself is net/http's to close.
func (in *intake) Close() error {
	in.once.Do(func() { close(in.closed) })
	return nil
}

// unfinished reports whether the client has more to send. The connection cannot be used for
// another request then: nobody will know where that would begin.
func (in *intake) unfinished() bool { return in != nil && !in.ended.Load() }

// done waits until nobody reads the body, and stops whoever waits for the client.
func (in *intake) done() {
	if in == nil {
		return
	}
	if in.unfinished() {
		_ = in.rc.SetReadDeadline(time.Unix(1, 0)) // a writer without deadlines has its body at hand
	}
	<-in.closed
	if in.unfinished() {
		_ = in.rc.SetReadDeadline(time.Now().Add(lingering))
	}
}

// forwardable returns those of the trailers that may travel on (RFC 9110 §6.5.1).
func forwardable(trailer http.Header) http.Header {
	t := trailer.Clone()
	removeHopByHop(t)
	return t
}
