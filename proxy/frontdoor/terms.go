package frontdoor

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/pollard-proxy/pollard/proxy/certificates"
)

// terms are what connections are made with: a way to speak TLS, and until when its certificate is good. They are compared
// by identity. Tickets of a session are of the terms that it was begun under, since each has keys of its own: nobody
// resumes under new ones what was verified under old ones.
type terms struct {
	tls  *tls.Config // nil: cleartext
	ends time.Time   // zero: without a certificate
}

func newTerms(c *tls.Config) *terms {
	if c == nil {
		return &terms{}
	}
	c = c.Clone()
	c.NextProtos = []string{"h2", "http/1.1"}
	return &terms{tls: c, ends: certificates.End(c)}
}

// A tenure is what a connection was made with, and whether its client has been told to leave. What Server.mu guards
// here is only ever touched by a Server that remembers the socket.
type tenure struct {
	// Set before anybody else knows the socket, then read-only.
	terms     *terms
	since     time.Time
	removeUse func()
	leaving   context.Context // ends when the client is to leave
	leave     context.CancelFunc

	ends time.Time // of the terms, or of the client's own certificate; guarded by Server.mu
	told time.Time // to leave; zero: not yet; guarded by Server.mu
}

// begin starts the tenure of a connection. One in cleartext is never told to leave.
func (t *tenure) begin(by *terms, inUse *certificates.InUse) {
	t.terms, t.since, t.ends = by, time.Now(), by.ends
	t.removeUse = inUse.Add(by.ends)
	t.leaving, t.leave = context.Background(), func() {}
	if by.tls != nil {
		t.leaving, t.leave = context.WithCancel(context.Background())
	}
}

// Leaving returns a context that ends when whoever made the request is to leave the connection that it came on, because
// the certificate that this was made with is replaced or about to end. It stays good when the request has ended. From
// then on each answer says that it is the last; what has no end is for the caller to end.
func Leaving(request context.Context) context.Context {
	if k := socketOf(request); k != nil {
		return k.leaving
	}
	return context.Background()
}

// Renew has connections that are accepted from now on speak TLS with c; nil is cleartext. Those that are open go on with
// what they were made with, until Rotate has sent their clients away.
func (s *Server) Renew(c *tls.Config) {
	t := newTerms(c)
	s.mu.Lock()
	s.terms = t
	s.mu.Unlock()
	select {
	case s.renewed <- struct{}{}:
	default: // one is due already
	}
}

// InUse returns when the certificate ends that ends first of those that open connections were made with; the zero time
// where there is none.
func (s *Server) InUse() time.Time { return s.inUse.First() }

// met notes that a client's own certificate may end before ours.
func (s *Server) met(k *socket, state tls.ConnectionState) {
	if len(state.PeerCertificates) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k.ends = certificates.Earlier(k.ends, state.PeerCertificates[0].NotAfter)
}
