package forward

import (
	"crypto/tls"
	"net/url"
	"time"

	"github.com/pollard-proxy/pollard/proxy/certificates"
)

// Terms say where the upstream is and how it is spoken to.
type Terms struct {
	// Upstream is where every request goes: http or https, host and optional port. Path
	// and query are ignored.
	Upstream *url.URL
	// TLS is used towards an https upstream; nil means the system's roots and the
	// upstream's host name.
	TLS *tls.Config
	// Unverified is until when an https upstream may show any certificate. What was
	// connected meanwhile is closed then, requests in flight included. The zero time is
	// never.
	Unverified time.Time
}

// terms are what links are made under. They are compared by identity.
type terms struct {
	upstream  *url.URL
	address   string      // host:port to connect to
	tls       *tls.Config // nil: cleartext
	presented time.Time   // when the certificate ends that we present; zero: none

	unverified time.Time
}

func newTerms(t Terms) *terms {
	made := &terms{upstream: &url.URL{Scheme: t.Upstream.Scheme, Host: t.Upstream.Host}, address: address(t.Upstream)}
	if t.Upstream.Scheme == "https" {
		made.tls, made.presented, made.unverified = clientTLS(t.TLS, t.Upstream.Hostname()), certificates.End(t.TLS), t.Unverified
	}
	return made
}

// Renew has connections that are opened from now on follow t. Idle ones are closed; those
// in use are when their request is done, and tunnels go on until a certificate of theirs
// ends. What was opened unverified is closed at once unless t allows it as well.
func (f *Forwarder) Renew(t Terms) {
	made := newTerms(t)
	f.terms.Store(made)
	f.pool.renew(made)
	f.links.sever(time.Now(), made.unverified)
}

// InUse returns when the certificate ends that ends first of those that open connections
// were made with, ours and the upstream's; the zero time where there is none. What was
// opened unverified does not count.
func (f *Forwarder) InUse() time.Time { return f.links.first() }
