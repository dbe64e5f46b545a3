package frontdoor

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

// A door is the listener that net/http accepts from: its connections are vetted ones, or *tls.Conn that negotiated
// HTTP/2. TLS handshakes run beside it, so that no client can hold up the others.
type door struct {
	net.Listener
	server *Server

	ready     chan arrival
	done      chan struct{} // closed by Close
	closeOnce sync.Once
	group     sync.WaitGroup // the accept loop and the handshakes
	ctx       context.Context
	cancel    context.CancelFunc // of the handshakes
}

type arrival struct {
	conn net.Conn
	err  error
}

func (s *Server) open(l net.Listener) *door {
	d := &door{Listener: l, server: s, ready: make(chan arrival), done: make(chan struct{})}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.group.Go(d.run)
	return d
}

// run accepts until the door is closed. Errors go to net/http, which backs off after a temporary one; run cannot
// outpace it, as nobody takes the next error meanwhile.
func (d *door) run() {
	for d.server.admit(d.done) {
		c, err := d.Listener.Accept()
		if err != nil {
			d.server.release()
			if !d.hand(arrival{err: err}) || !temporary(err) {
				return
			}
			continue
		}
		source, objection := d.server.gate.enter(c)
		if objection != "" {
			d.server.release()
			d.server.refuseConn(c, objection)
			continue
		}
		tame(c)
		s := d.server.remember(c, source)
		if s.terms.tls == nil {
			d.pass(s, d.server.wrap(s, s))
			continue
		}
		d.group.Go(func() { d.handshake(s) })
	}
}

func (d *door) handshake(s *socket) {
	ctx, cancel := context.WithTimeout(d.ctx, d.server.o.HeaderTimeout)
	defer cancel()
	t := tls.Server(s, s.terms.tls)
	if err := t.HandshakeContext(ctx); err != nil {
		d.server.log.Debug("TLS handshake failed", slog.String("remote_addr", s.RemoteAddr().String()), slog.Any("error", err))
		explain(err)
		_ = s.Close()
		return
	}
	state := t.ConnectionState()
	d.server.met(s, state)
	if state.NegotiatedProtocol == "h2" {
		d.pass(s, t)
		return
	}
	c := d.server.wrap(s, t)
	c.in.h2c = false
	c.lane.secured(&state)
	d.pass(s, secureConn{c, state})
}

// explain tells a client that speaks HTTP without TLS what is wrong; others get TLS's own alert.
func explain(err error) {
	var record tls.RecordHeaderError
	if !errors.As(err, &record) || record.Conn == nil || !isToken(record.RecordHeader[:3]) {
		return
	}
	_ = record.Conn.SetDeadline(time.Now().Add(linger))
	_, _ = record.Conn.Write(badRequest("this port speaks HTTPS").wire()) // and if that fails too, the connection is closed next
	_ = closeWrite(record.Conn)
	_, _ = io.Copy(io.Discard, record.Conn)
}

func (d *door) pass(s *socket, c net.Conn) {
	if !d.hand(arrival{conn: c}) {
		_ = s.Close()
	}
}

func (d *door) hand(a arrival) bool {
	select {
	case d.ready <- a:
		return true
	case <-d.done:
		return false
	}
}

// Accept returns the next connection that is ready for HTTP.
func (d *door) Accept() (net.Conn, error) {
	select {
	case a := <-d.ready:
		return a.conn, a.err
	case <-d.done:
		return nil, net.ErrClosed
	}
}

// Close ends accepting and the handshakes in progress, and waits for both.
func (d *door) Close() error {
	var err error
	d.closeOnce.Do(func() {
		close(d.done)
		d.cancel()
		err = d.Listener.Close()
		d.group.Wait()
	})
	return err
}

func temporary(err error) bool {
	var t interface{ Temporary() bool } // deprecated in net.Error, but what net/http goes by
	return errors.As(err, &t) && t.Temporary()
}
