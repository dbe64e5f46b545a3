package config

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/pollard-proxy/pollard/proxy/forward"
)

// reachTimeout bounds how long Verify waits for the upstream to take a
// connection and, with https, to shake hands.
const reachTimeout = 5 * time.Second

// verifyOnline is what can be said of certificates, and of the upstream, by
// trying them as others do.
func (c *Config) verifyOnline(ctx context.Context, have *Certificates) Problems {
	var problems Problems
	if have.Server.TLS != nil {
		problems = c.verifyChain(have.Server.TLS.Certificates[0])
	}
	if problems.Err() == nil && c.Upstream != nil {
		problems = append(problems, c.verifyUpstream(ctx, "upstream", c.Upstream, have.Upstream.TLS)...)
		for i, r := range c.Routes {
			if r.Upstream != nil {
				problems = append(problems, c.verifyUpstream(ctx, element("routes", i)+".upstream", r.Upstream, have.Upstream.TLS)...)
			}
		}
	}
	return problems
}

// verifyUpstream opens a connection to each endpoint and closes it. An upstream of which
// something could not be read it leaves alone.
func (c *Config) verifyUpstream(ctx context.Context, key string, u forward.Upstream, client *tls.Config) (problems Problems) {
	if slices.Contains(u, nil) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	terms := forward.Terms{Upstream: u, Endpoints: c.Endpoints, TLS: client, Unverified: c.UpstreamTLS.SkipVerifyUntil}
	shown, err := forward.Reach(ctx, terms)
	if err != nil {
		problems = append(problems, c.source.problem(key, "cannot be reached: %v", err))
	}
	for _, leaf := range shown {
		if time.Until(leaf.NotAfter) < expiryNotice {
			return append(problems, c.source.warning(key, "its certificate expires on %s", leaf.NotAfter.Format(time.DateOnly)))
		}
	}
	return problems
}

// verifyChain says what a client would object to in the front door's
// certificate. Which authorities clients trust is not known here, so one that
// this system does not know is worth a warning only.
func (c *Config) verifyChain(pair tls.Certificate) Problems {
	const key = "tls.certificate"
	leaf := pair.Leaf
	var problems Problems
	if len(leaf.DNSNames)+len(leaf.IPAddresses) == 0 {
		problems = append(problems, c.source.problem(key, "has no subject alternative name: clients accept it for no host"))
	}
	rest := x509.NewCertPool()
	for _, der := range pair.Certificate[1:] {
		if above, err := x509.ParseCertificate(der); err == nil {
			rest.AddCert(above)
		}
	}
	_, err := leaf.Verify(x509.VerifyOptions{Intermediates: rest, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	invalid := x509.CertificateInvalidError{}
	switch {
	case err == nil, errors.As(err, &invalid) && invalid.Reason == x509.Expired: // which verifyDates says
	case errors.As(err, &invalid):
		problems = append(problems, c.source.problem(key, "clients do not accept it: %v", err))
	default:
		problems = append(problems, c.source.warning(key, "is accepted only by clients who trust more than this system does: %v", err))
	}
	return problems
}
