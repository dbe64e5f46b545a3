package frontdoor

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
)

type connKey struct{}

func connContext(ctx context.Context, c net.Conn) context.Context {
	if v := vetted(c); v != nil {
		return context.WithValue(ctx, connKey{}, v)
	}
	if t, ok := c.(*tls.Conn); ok { // HTTP/2
		return context.WithValue(ctx, connKey{}, t.NetConn())
	}
	return ctx
}

// socketOf returns the connection of a request by its context, nil for any other context.
func socketOf(ctx context.Context) *socket {
	switch c := ctx.Value(connKey{}).(type) {
	case *conn:
		return c.socket
	case *socket:
		return c
	}
	return nil
}

func vetted(c net.Conn) *conn {
	switch c := c.(type) {
	case *conn:
		return c
	case secureConn:
		return c.conn
	}
	return nil
}

// connState hands a hijacked connection over: whoever has it now reads it raw, under deadlines of their own. An idle one
// is at a request boundary: net/http says so when the answer is out and its background read has ended, before it reads.
func connState(c net.Conn, state http.ConnState) {
	v := vetted(c)
	switch {
	case v == nil:
	case state == http.StateHijacked:
		v.hijack()
	case state == http.StateIdle:
		v.isAtRest.Store(true)
	}
}

// handle stands between net/http and the handler.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	s.begun.Add(1)
	if s.retired.Load() || Leaving(r.Context()).Err() != nil {
		w.Header().Set("Connection", "close") // net/http makes a GOAWAY of it over HTTP/2
	}
	if r.ProtoMajor == 1 {
		s.handle1(w, r)
		return
	}
	s.handle2(w, r)
}

// handle1 serves a request that came over HTTP/1.
func (s *Server) handle1(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(connKey{}).(*conn)
	defer s.ended(c)
	e := c.next()
	if e.refusal != nil {
		c.end()
		s.refuse(w, r, e.refusal)
		return
	}
	e.restore(r)
	defer s.recovered(r, c)
	if e.upgrade {
		w.Header().Set("Connection", "close") // unless it is hijacked; what follows the head was not vetted
	}
	body := r.Body
	if body != http.NoBody {
		// Without it net/http reads the body away once the answer begins, under the hands of whoever is sending it on.
		_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/1 always can
	}
	withheld := r.Header.Get("Expect") != ""
	s.o.Handler.ServeHTTP(w, r)
	if c.hijacked.Load() {
		return
	}
	if body != http.NoBody {
		c.finishBody(body, e.number, withheld)
	}
	if e.upgrade || c.whole.Load() < e.number {
		c.end()
	}
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, f *refusal) {
	s.log.Debug("request refused", slog.String("remote_addr", r.RemoteAddr), slog.Int("status", f.status), slog.String("reason", f.reason))
	f.ServeHTTP(w, r)
}

// recovered logs the panic of a handler, once, and aborts the response in a way that the client cannot take for an end.
// Over HTTP/1.0 the end of a body may be the end of the connection, so that has to be a reset.
func (s *Server) recovered(r *http.Request, c *conn) {
	v := recover()
	if v == nil {
		return
	}
	s.logPanic(r, v)
	if c != nil && !c.hijacked.Load() {
		c.stop()
		if r.ProtoMinor == 0 {
			c.socket.reset()
		}
	}
	panic(http.ErrAbortHandler)
}

func (s *Server) logPanic(r *http.Request, v any) {
	if v == http.ErrAbortHandler {
		return
	}
	s.log.Error("handler panicked", slog.String("remote_addr", r.RemoteAddr), slog.String("method", r.Method),
		slog.String("panic", fmt.Sprint(v)), slog.String("stack", string(debug.Stack())))
}
