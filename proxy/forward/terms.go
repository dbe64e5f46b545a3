package forward

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"github.com/pollard-proxy/pollard/proxy/certificates"
)

// Terms say where upstreams are and how they are spoken to.
type Terms struct {
	// Upstream is where requests go that name no other.
	Upstream Upstream
	// Others are those that requests may name, see [WithUpstream].
	Others []Upstream
	// Endpoints hold for those of every upstream.
	Endpoints EndpointOptions
	// TLS is used towards https; nil means the system's roots and the name in the URL.
	TLS *tls.Config
	// Unverified is until when an https upstream may show any certificate. What was
	// connected meanwhile is closed then, requests in flight included. The zero time is
	// never.
	Unverified time.Time
}

// terms are what links are made under.
type terms struct {
	// set by newTerms, then read-only
	fleet  *fleet
	others map[string]*fleet
	before map[string]*fleet  // that were dropped: who was decided on under the terms before may name them
	stop   context.CancelFunc // ends what runs for the upstreams

	presented  time.Time // when the certificate ends that we present; zero: none
	unverified time.Time
}

// newTerms starts to look after upstreams under t. What was known under old, which may be
// nil, of the addresses behind names is known at once.
func (f *Forwarder) newTerms(t Terms, old *terms) *terms {
	ctx, stop := context.WithCancel(f.life)
	made := &terms{
		others: map[string]*fleet{}, before: map[string]*fleet{}, stop: stop,
		presented: certificates.End(t.TLS), unverified: t.Unverified,
	}
	made.fleet = f.newFleet(t.Upstream, t, made)
	for _, u := range t.Others {
		if name := u.String(); made.others[name] == nil {
			made.others[name] = f.newFleet(u, t, made)
		}
	}
	if old != nil {
		answers := old.answers()
		made.each(func(u *fleet) { u.recall(answers) })
		for name, u := range old.others {
			if made.others[name] == nil {
				made.before[name] = u
			}
		}
	}
	made.each(func(u *fleet) { u.start(ctx) })
	return made
}

// each calls do for every upstream that is looked after.
func (t *terms) each(do func(*fleet)) {
	do(t.fleet)
	for _, u := range t.others {
		do(u)
	}
}

func (t *terms) answers() map[string][]place {
	all := map[string][]place{}
	t.each(func(u *fleet) {
		u.mu.Lock()
		defer u.mu.Unlock()
		for i, s := range u.sources {
			all[s.url.String()] = u.found[i]
		}
	})
	return all
}

// named returns the upstream of a name; "" is the first.
func (t *terms) named(name string) (*fleet, error) {
	if name == "" {
		return t.fleet, nil
	}
	if u := t.others[name]; u != nil {
		return u, nil
	}
	if u := t.before[name]; u != nil {
		return u, nil
	}
	return nil, fmt.Errorf("%w: %s is not configured any more", ErrUnreachable, name)
}

// end stops looking after the upstreams, and keeps no connection to them any more.
func (t *terms) end() {
	t.stop()
	t.each((*fleet).retire)
}

// Renew has connections that are opened from now on follow t. Idle ones are closed; those
// in use are when their request is done, and tunnels go on until a certificate of theirs
// ends. What was opened unverified is closed at once unless t allows it as well. After
// Close it does nothing.
func (f *Forwarder) Renew(t Terms) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	old := f.terms.Load()
	f.terms.Store(f.newTerms(t, old))
	old.end()
	f.links.sever(time.Now(), t.Unverified)
}

// InUse returns when the certificate ends that ends first of those that open connections
// were made with, ours and the upstream's; the zero time where there is none. What was
// opened unverified does not count.
func (f *Forwarder) InUse() time.Time { return f.links.first() }
