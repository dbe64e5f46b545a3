package forward

import (
	"cmp"
	"sync/atomic"
	"time"
)

// EndpointOptions say how endpoints are found, kept and left alone.
type EndpointOptions struct {
	// Resolve is between two look-ups of a name whose addresses are endpoints; 10 s if not
	// positive. A look-up that fails or finds nothing leaves what the last one found.
	Resolve time.Duration
	// Resolver is the host:port of a DNS server; "" is the system's.
	Resolver string
	// MaxAge is how old a connection may become, up to a tenth less, before its next
	// request goes out on another; 0 is any age.
	MaxAge time.Duration
	// Eject is the longest that an endpoint is left alone after failures: connections that
	// are refused or broken without an answer. It begins with a second, or Eject if that is
	// less, and doubles with each failure in a row. 0 is never.
	Eject time.Duration
	// EjectUnavailable has answers with 502, and with 503 and Retry-After, count as failures.
	EjectUnavailable bool
	// Check asks endpoints how they are.
	Check Check
}

const defaultResolve = 10 * time.Second

func (o EndpointOptions) bounded() EndpointOptions {
	o.Resolve = positive(o.Resolve, defaultResolve)
	o.Check = o.Check.bounded()
	return o
}

// A place is what a connection is opened to.
type place struct {
	network, address string // as for net.Dial
	priority         uint16 // the lower the better
}

// An endpoint is a place and those who are there: connections that are kept, requests under
// way, and what was seen of it.
type endpoint struct {
	// set by newEndpoint, then read-only
	place
	source *source
	fleet  *fleet

	pool     pool
	pending  atomic.Int64 // requests under way
	standing standing
	checks   run // owned by fleet.watch
}

func newEndpoint(u *fleet, s *source, p place) *endpoint {
	e := &endpoint{place: p, source: s, fleet: u}
	e.pool.most, e.pool.longest, e.pool.oldest = u.forwarder.maxIdle, u.forwarder.idleTimeout, u.options.MaxAge
	e.standing.most = u.options.Eject
	return e
}

// A merit is what endpoints are chosen by; the lower the better.
type merit struct {
	rank     rank
	priority uint16
	pending  int64
}

func (e *endpoint) merit(now time.Time) merit {
	return merit{e.standing.rank(now), e.priority, e.pending.Load()}
}

func (m merit) compare(n merit) int {
	return cmp.Or(cmp.Compare(m.rank, n.rank), cmp.Compare(m.priority, n.priority), cmp.Compare(m.pending, n.pending))
}

// An EndpointState is how an endpoint is at the moment.
type EndpointState struct {
	Address string // host:port, or the path of a socket
	Healthy bool   // it is neither ejected nor failing its checks
	Pending int64  // requests under way
}

// Endpoints returns those of all upstreams, and one that several have several times.
func (f *Forwarder) Endpoints() []EndpointState {
	var states []EndpointState
	now := time.Now()
	f.terms.Load().each(func(u *fleet) {
		for _, e := range *u.all.Load() {
			states = append(states, EndpointState{e.address, e.standing.rank(now) < ejected, e.pending.Load()})
		}
	})
	return states
}
