package forward

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// Reach connects to each endpoint of t.Upstream once, and returns the certificates that
// those over TLS show. The error says which cannot be reached.
func Reach(ctx context.Context, t Terms) ([]*x509.Certificate, error) {
	t.Endpoints.Check = Check{}
	f := New(Options{Terms: t})
	defer f.Close()
	all, err := f.terms.Load().fleet.endpoints(ctx)
	if err != nil {
		return nil, err
	}
	var shown []*x509.Certificate
	var failed []error
	for _, e := range all {
		l, err := f.dial(ctx, e)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", e.address, err))
			continue
		}
		if secure, ok := l.Conn.(*tls.Conn); ok {
			shown = append(shown, secure.ConnectionState().PeerCertificates[0])
		}
		l.Close()
	}
	return shown, errors.Join(failed...)
}
