package frontdoor

import (
	"io"
	"net/http"
	"time"
)

// handle2 serves a request that came over HTTP/2. There is no framing to deceive with, but the request will be forwarded
// over HTTP/1, where what a frame may carry can become a second request.
func (s *Server) handle2(w http.ResponseWriter, r *http.Request) {
	defer s.ended(nil)
	if f := vetStream(r); f != nil {
		s.refuse(w, r, f)
		return
	}
	defer s.recovered(r, nil)
	if s.o.StallTimeout == 0 {
		s.o.Handler.ServeHTTP(w, r)
		return
	}
	control := http.NewResponseController(w)
	if r.ContentLength != 0 {
		r.Body = &stallBody{ReadCloser: r.Body, watch: newWatch(s.o.StallTimeout, control.SetReadDeadline)}
	}
	s.o.Handler.ServeHTTP(&stallWriter{ResponseWriter: w, watch: newWatch(s.o.StallTimeout, control.SetWriteDeadline)}, r)
	// For what net/http has buffered. It fails only when there is nobody left to write to.
	_ = control.SetWriteDeadline(time.Now().Add(s.o.StallTimeout))
}

// vetStream refuses what net/http lets through and HTTP/1 would not (RFC 9113 §8.3.1, §10.3). It drops a Host that only
// repeats :authority.
func vetStream(r *http.Request) *refusal {
	lengths, hosts := r.Header["Content-Length"], r.Header["Host"]
	switch {
	case r.Method == http.MethodConnect:
		return &refusal{http.StatusMethodNotAllowed, "CONNECT"}
	case !isToken(r.Method):
		return badRequest("method")
	case !isTarget(r.RequestURI), r.RequestURI == "*" && r.Method != http.MethodOptions:
		return badRequest("request target")
	case !validHost(r.Host), len(hosts) > 1, len(hosts) == 1 && hosts[0] != r.Host:
		return badRequest("Host")
	case len(lengths) > 1:
		return badRequest("Content-Length")
	}
	if len(lengths) == 1 {
		if _, ok := parseLength(lengths[0]); !ok {
			return badRequest("Content-Length")
		}
	}
	delete(r.Header, "Host")
	return nil
}

// A watch ends a call that waits for the client longer than stall, by a deadline in the past. A stream's own deadline
// cannot do it: it would have to be set and cleared around every call, each time through the connection's one loop.
type watch struct {
	timer *time.Timer
	stall time.Duration
}

func newWatch(stall time.Duration, deadline func(time.Time) error) watch {
	t := time.AfterFunc(stall, func() {
		_ = deadline(time.Unix(1, 0)) // fails only when the stream is gone
	})
	t.Stop()
	return watch{t, stall}
}

func (w watch) begin() { w.timer.Reset(w.stall) }
func (w watch) end()   { w.timer.Stop() }

type stallBody struct {
	io.ReadCloser
	watch
}

func (b *stallBody) Read(p []byte) (int, error) {
	b.begin()
	defer b.end()
	return b.ReadCloser.Read(p)
}

// A stallWriter is the response writer of a stream; http.ResponseController reaches the one below through Unwrap.
type stallWriter struct {
	http.ResponseWriter
	watch
}

func (w *stallWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Write hands on pieces that even a slow client takes within the time.
func (w *stallWriter) Write(p []byte) (n int, err error) {
	const piece = 16 << 10
	for {
		m, err := w.write(p[n:min(n+piece, len(p))])
		n += m
		if err != nil || n == len(p) {
			return n, err
		}
	}
}

func (w *stallWriter) write(p []byte) (int, error) {
	w.begin()
	defer w.end()
	return w.ResponseWriter.Write(p)
}

// FlushError is what http.ResponseController calls.
func (w *stallWriter) FlushError() error {
	w.begin()
	defer w.end()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Flush is for handlers that assert http.Flusher.
func (w *stallWriter) Flush() {
	_ = w.FlushError() // the next Write says so too
}
