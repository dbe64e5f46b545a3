package frontdoor

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// ErrMalformed is what reading a request body fails with when its chunks are malformed; when its trailers are, net/http
// puts an error of its own in the place. Either way the client has been answered and the connection is lost: what a
// handler writes from there on is dropped.
var ErrMalformed = errors.New("malformed request body")

// methods is the Allow of 405 (RFC 9110 §15.5.6): what we forward is up to the upstream, but never CONNECT.
const methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

// A refusal is the answer to a message that goes no further. The reason names a rule, never a byte that the client sent.
type refusal struct {
	status int
	reason string
}

func badRequest(reason string) *refusal { return &refusal{http.StatusBadRequest, reason} }

func (f *refusal) text() string {
	return http.StatusText(f.status) + ": " + f.reason + "\n"
}

// ServeHTTP answers in the place of the handler and closes the connection.
func (f *refusal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if r.ProtoMajor == 1 {
		h.Set("Connection", "close")
	}
	if f.status == http.StatusMethodNotAllowed {
		h.Set("Allow", methods)
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(f.text())))
	w.WriteHeader(f.status)
	_, _ = w.Write([]byte(f.text())) // a client that does not listen is refused all the same
}

// wire is the same answer for where net/http cannot give it.
func (f *refusal) wire() []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		f.status, http.StatusText(f.status), len(f.text()), f.text())
}
