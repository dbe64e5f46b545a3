package forward

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"sync"
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
	// Terms are the first ones.
	Terms
	// Trusted are the peers whose X-Forwarded-* fields are believed.
	Trusted []netip.Prefix
	// DialTimeout bounds connecting, TLS handshake included; 5 s if not positive.
	DialTimeout time.Duration
	// IdleTimeout bounds how long a connection is kept for the next request; 4 s if not
	// positive.
	IdleTimeout time.Duration
	// MaxIdle is how many idle connections to one endpoint are kept; 512 if not positive.
	// More may be in use at once, one for each request in flight and each tunnel.
	MaxIdle int
	// InFlight bounds the requests that are with upstreams at a time. Further ones wait for
	// DialTimeout at most, and then fail with ErrBusy. Not positive: unlimited.
	InFlight int
	// Checked is called as by [WithAttempt] for each check of an endpoint. It may be nil.
	Checked func()
	// Log is told of endpoints that come and go, and fail; nil tells nobody.
	Log *slog.Logger
}

// A Forwarder sends requests to upstreams. It is safe for concurrent use. Its Close must
// be called.
type Forwarder struct {
	// set by New, then read-only
	dialer      net.Dialer
	trusted     []netip.Prefix
	idleTimeout time.Duration
	maxIdle     int
	checked     func()
	log         *slog.Logger
	life        context.Context // ends with Close
	end         context.CancelFunc

	inFlight *inFlight

	terms   atomic.Pointer[terms] // of links to come
	links   links
	running sync.WaitGroup // what life ends

	// guarded by mu
	mu     sync.Mutex // held while terms are replaced
	closed bool
}

// New returns a Forwarder by o.Terms, until Renew. It connects to nothing yet; names whose
// addresses are endpoints it begins to look up.
func New(o Options) *Forwarder {
	f := &Forwarder{
		dialer:      net.Dialer{Timeout: positive(o.DialTimeout, defaultDialTimeout)},
		trusted:     o.Trusted,
		idleTimeout: positive(o.IdleTimeout, defaultIdleTimeout),
		maxIdle:     positive(o.MaxIdle, defaultMaxIdle),
		checked:     o.Checked,
		log:         cmp.Or(o.Log, slog.New(slog.DiscardHandler)),
		inFlight:    newInFlight(o.InFlight, positive(o.DialTimeout, defaultDialTimeout)),
	}
	f.life, f.end = context.WithCancel(context.Background())
	f.terms.Store(f.newTerms(o.Terms, nil))
	f.running.Go(f.sweep)
	return f
}

// Close closes the idle connections, and those in use once they become idle. It does not
// interrupt requests or tunnels: they end with their contexts. It may be called repeatedly.
func (f *Forwarder) Close() {
	f.mu.Lock()
	f.closed = true
	f.terms.Load().end()
	f.mu.Unlock()
	f.end()
	f.running.Wait()
}

// sweep closes what was kept long enough, until the Forwarder is closed.
func (f *Forwarder) sweep() {
	tick := time.NewTicker(max(f.idleTimeout/2, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-f.life.Done():
			return
		case now := <-tick.C:
			t := f.terms.Load()
			t.each(func(u *fleet) {
				for _, e := range *u.all.Load() {
					e.pool.sweep(now)
				}
			})
			f.links.sever(now, t.unverified)
		}
	}
}

func positive[T ~int | ~int64](v, otherwise T) T { return cmp.Or(max(v, 0), otherwise) }

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
