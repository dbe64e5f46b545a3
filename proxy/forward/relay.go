package forward

import (
	"fmt"
	"io"
	"net/http"
)

// Relay writes resp to w and closes its body. It returns how many bytes of the body were
// written. What resp does not have is not made up: no Date, no Content-Type. Fields that w
// already has are kept, unless resp has them.
//
// Nothing is held back: whatever the upstream has sent is with the client before Relay waits
// for more.
//
// An error, which wraps ErrTruncated, ErrTimeout or ErrGone, means that the client has a part
// of the response. The handler must then panic with [http.ErrAbortHandler]: if it returned,
// a chunked body would be ended properly and look whole.
func Relay(w http.ResponseWriter, resp *http.Response) (int64, error) { return relay(w, resp, nil) }

// relay is Relay, with each piece of the body shown to shown, unless that is nil.
func relay(w http.ResponseWriter, resp *http.Response, shown func([]byte)) (int64, error) {
	defer resp.Body.Close()
	copyFields(w.Header(), resp)
	w.WriteHeader(resp.StatusCode)
	if bodiless(resp) {
		return 0, nil
	}
	t := &transfer{w: w, flush: http.NewResponseController(w).Flush, resp: resp, shown: shown}
	if err := t.run(); err != nil {
		t.flush() // what came is the client's; that it may be gone is no news
		return t.sent, err
	}
	copyTrailers(w.Header(), resp.Trailer)
	return t.sent, nil
}

func copyFields(h http.Header, resp *http.Response) {
	trailers := trailerNames(resp.Trailer)
	removeHopByHop(resp.Header)
	for name, values := range resp.Header {
		h[name] = values
	}
	for _, name := range [...]string{"Date", "Content-Type"} {
		if _, ok := h[name]; !ok {
			h[name] = nil // keeps net/http from adding one
		}
	}
	if trailers != "" {
		h["Trailer"] = []string{trailers}
	}
	if resp.StatusCode == http.StatusNotModified {
		disguise(h, "Content-Length", "content-length")
		disguise(h, "Content-Type", "content-type")
	}
}

// disguise gets a field past net/http, which drops some from a 304, by a spelling that it
// does not know. Names are compared without case (RFC 9110 §5.1), so it is the same field.
func disguise(h http.Header, name, spelling string) {
	if values := h[name]; values != nil {
		delete(h, name)
		h[spelling] = values
	}
}

func bodiless(resp *http.Response) bool {
	return resp.Body == http.NoBody || resp.Request != nil && resp.Request.Method == http.MethodHead
}

// copyTrailers sets the trailer section, announced or not.
func copyTrailers(h, trailer http.Header) {
	for name, values := range trailer {
		delete(h, name) // a field of that name has been sent and is no trailer
		if values != nil {
			h[http.TrailerPrefix+name] = values
		}
	}
}

// A transfer is a response's body on its way to the client.
type transfer struct {
	w     http.ResponseWriter
	flush func() error
	resp  *http.Response
	shown func([]byte) // may be nil
	sent  int64
}

func (t *transfer) run() error {
	if t.waits() {
		t.flush() // a client that is gone is found out by the first write
	}
	buf := borrowBuffer()
	defer returnBuffer(buf)
	for {
		n, err := t.resp.Body.Read(buf[:])
		if werr := t.write(buf[:n]); werr != nil {
			return werr
		}
		// Without the flush at the end, net/http would find out the length by itself, and
		// leave out the trailers.
		if t.resp.ContentLength == lengthUnknown || err == nil && t.waits() {
			t.flush()
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (t *transfer) write(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if t.shown != nil {
		t.shown(p)
	}
	n, err := t.w.Write(p)
	t.sent += int64(n)
	if err != nil {
		return fmt.Errorf("%w: write response: %w", ErrGone, err)
	}
	return nil
}

// waits reports whether the next read of the body may have to wait.
func (t *transfer) waits() bool {
	b, ok := t.resp.Body.(interface{ waits() bool })
	return !ok || b.waits()
}
