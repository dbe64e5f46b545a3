package forward

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"net/textproto"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// headLimit bounds a response's head, its interim responses included, and its trailer
	// section, in bytes.
	headLimit = 256 << 10

	unlimited = math.MaxInt64
)

// errHeadTooLarge is what reading a head meets at headLimit.
var errHeadTooLarge = fmt.Errorf("head of more than %d bytes", headLimit)

// A link is one connection to the upstream. One call uses it at a time.
type link struct {
	net.Conn                   // TCP, or TLS over it
	raw      syscall.RawConn   // of the TCP connection; nil if there is none
	br       *bufio.Reader     // reads the link
	text     *textproto.Reader // reads br

	endpoint   *endpoint // that it leads to
	born       time.Time // see pool.birth
	links      *links    // that it is one of; nil in cleartext
	ends       time.Time // a certificate that it was made with, or the time without verification; zero: never
	unverified bool      // whoever is at the other end
	tunnel     atomic.Bool

	budget    int64 // bytes that may still be read before errHeadTooLarge
	reused    bool
	idleSince time.Time
}

func newLink(conn net.Conn, raw syscall.RawConn) *link {
	l := &link{Conn: conn, raw: raw}
	l.br = bufio.NewReader(l)
	l.text = textproto.NewReader(l.br)
	return l
}

// Read reads at most what is left of the budget.
func (l *link) Read(p []byte) (int, error) {
	if l.budget <= 0 {
		return 0, errHeadTooLarge
	}
	p = p[:min(int64(len(p)), l.budget)]
	n, err := l.Conn.Read(p)
	l.budget -= int64(n)
	return n, err
}

// Close closes the connection.
func (l *link) Close() error {
	if l.links != nil {
		l.links.remove(l)
	}
	return l.Conn.Close()
}

// hasEnded reports whether the link may carry no further request.
func (l *link) hasEnded(now time.Time) bool { return !l.ends.IsZero() && !now.Before(l.ends) }

// abort makes reads and writes on l fail at once, and from now on.
func (l *link) abort() { l.SetDeadline(time.Unix(1, 0)) }

// quiet reports whether an idle link is open and has nothing to say. What an upstream sends
// after the end of a response must never be taken for the response to the next request.
func (l *link) quiet() bool {
	if l.br.Buffered() > 0 || l.raw != nil && !silent(l.raw) {
		return false
	}
	if _, ok := l.Conn.(*tls.Conn); ok {
		return l.nothingDecrypted()
	}
	return true
}

// nothingDecrypted reads with a deadline in the past: that yields what a TLS record has left
// over, and touches the network no more.
func (l *link) nothingDecrypted() bool {
	l.abort()
	n, err := l.Conn.Read(make([]byte, 1))
	l.SetDeadline(time.Time{})
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}

// dial opens a link to e. Its error wraps ErrUnreachable or ErrTimeout, or says why ctx ended.
func (f *Forwarder) dial(ctx context.Context, e *endpoint) (*link, error) {
	within, cancel := context.WithTimeout(ctx, f.dialer.Timeout)
	defer cancel()
	l, err := f.connect(within, e)
	switch {
	case err == nil:
		l.born = e.pool.birth()
		return l, nil
	case ctx.Err() != nil:
		return nil, interrupted(ctx)
	case within.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded):
		return nil, fmt.Errorf("%w: connect: %w", ErrTimeout, err)
	}
	return nil, fmt.Errorf("%w: connect: %w", ErrUnreachable, err)
}

func (f *Forwarder) connect(ctx context.Context, e *endpoint) (*link, error) {
	conn, err := f.dialer.DialContext(ctx, e.network, e.address)
	if err != nil {
		return nil, err
	}
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		conn.Close()
		return nil, err
	}
	if e.source.tls == nil {
		l := newLink(conn, raw)
		l.endpoint = e
		return l, nil
	}
	return f.secure(ctx, e, conn, raw)
}

// secure shakes hands with the upstream, whoever it is while that is allowed.
func (f *Forwarder) secure(ctx context.Context, e *endpoint, conn net.Conn, raw syscall.RawConn) (*link, error) {
	c, unverified := e.source.tls, time.Now().Before(e.fleet.terms.unverified)
	if unverified {
		c = c.Clone()
		c.InsecureSkipVerify = true
	}
	secure := tls.Client(conn, c)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	l := newLink(secure, raw)
	l.endpoint, l.unverified = e, unverified
	f.links.add(l, secure.ConnectionState())
	return l, nil
}
