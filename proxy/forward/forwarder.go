package forward

import (
	"cmp"
	"crypto/tls"
	"net"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	defaultDialTimeout = 5 * time.Second

	// Below the 5 s of Node, the shortest that is common among application servers: the
	// side that closes an idle connection must be ours, or a request is lost each time
	// that both act at once.
	defaultIdleTimeout = 4 * time.Second

	defaultMaxIdle = 512
)

// Options configure a Forwarder.
type Options struct {
	// Upstream, TLS and Unverified are the first Terms.
	Upstream   *url.URL
	TLS        *tls.Config
	Unverified time.Time
	// Trusted are the peers whose X-Forwarded-* fields are believed.
	Trusted []netip.Prefix
	// DialTimeout bounds connecting, TLS handshake included; 5 s if not positive.
	DialTimeout time.Duration
	// IdleTimeout bounds how long a connection is kept for the next request; 4 s if not
	// positive.
	IdleTimeout time.Duration
	// MaxIdle is how many idle connections are kept; 512 if not positive. More may be in
	// use at once: nothing bounds that, as nothing bounds concurrent requests.
	MaxIdle int
}

// A Forwarder sends requests to one upstream. It is safe for concurrent use. Its Close must
// be called.
type Forwarder struct {
	// set by New, then read-only
	dialer  net.Dialer
	trusted []netip.Prefix

	terms atomic.Pointer[terms] // of links to come
	links links
	pool  *pool
}

// New returns a Forwarder to o.Upstream, until Renew. It connects to nothing yet.
func New(o Options) *Forwarder {
	f := &Forwarder{
		dialer:  net.Dialer{Timeout: positive(o.DialTimeout, defaultDialTimeout)},
		trusted: o.Trusted,
	}
	made := newTerms(Terms{o.Upstream, o.TLS, o.Unverified})
	f.terms.Store(made)
	f.pool = newPool(positive(o.MaxIdle, defaultMaxIdle), positive(o.IdleTimeout, defaultIdleTimeout), made)
	f.pool.onSweep = func(now time.Time) { f.links.sever(now, f.terms.Load().unverified) }
	f.pool.start()
	return f
}

// Close closes the idle connections, and those in use once they become idle. It does not
// interrupt requests or tunnels: they end with their contexts. It may be called repeatedly.
func (f *Forwarder) Close() { f.pool.close() }

func positive[T ~int | ~int64](v, otherwise T) T { return cmp.Or(max(v, 0), otherwise) }

func address(u *url.URL) string {
	port := u.Port()
	if port == "" && u.Scheme == "https" {
		port = "443"
	}
	return net.JoinHostPort(u.Hostname(), cmp.Or(port, "80"))
}

// clientTLS offers HTTP/1.1 alone: it is what carries every request-target and every upgrade
// as it came.
func clientTLS(base *tls.Config, host string) *tls.Config {
	c := new(tls.Config)
	if base != nil {
		c = base.Clone()
	}
	c.NextProtos = []string{"http/1.1"}
	if c.ServerName == "" {
		c.ServerName = host
	}
	if c.ClientSessionCache == nil {
		c.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	return c
}
