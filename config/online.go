package config

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"time"
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
	if c.Upstream == nil {
		return problems
	}
	shown, err := c.reachUpstream(ctx, have.Upstream.TLS)
	if err != nil {
		return append(problems, c.source.problem("upstream", "cannot be reached: %v", err))
	}
	if shown != nil && time.Until(shown.NotAfter) < expiryNotice {
		problems = append(problems, c.source.warning("upstream", "its certificate expires on %s", shown.NotAfter.Format(time.DateOnly)))
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

// reachUpstream opens a connection to the upstream and closes it. It returns the
// certificate that upstream has shown, where it speaks TLS.
func (c *Config) reachUpstream(ctx context.Context, client *tls.Config) (*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	dial, port := (&net.Dialer{}).DialContext, "80"
	if c.Upstream.Scheme == "https" {
		client = client.Clone()
		client.InsecureSkipVerify = time.Now().Before(c.UpstreamTLS.SkipVerifyUntil)
		dial, port = (&tls.Dialer{Config: client}).DialContext, "443"
	}
	conn, err := dial(ctx, "tcp", net.JoinHostPort(c.Upstream.Hostname(), cmp.Or(c.Upstream.Port(), port)))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if secure, ok := conn.(*tls.Conn); ok {
		return secure.ConnectionState().PeerCertificates[0], nil
	}
	return nil, nil
}
