package certificates

import (
	"crypto/tls"
	"crypto/x509"
	"time"
)

// End returns when the first certificate of those that c presents ends, the rest
// of its chain included: from then on peers who verify refuse it. It is the zero
// time where c presents none.
func End(c *tls.Config) (first time.Time) {
	if c == nil {
		return first
	}
	for _, pair := range c.Certificates {
		for _, der := range pair.Certificate {
			if parsed, err := x509.ParseCertificate(der); err == nil {
				first = Earlier(first, parsed.NotAfter)
			}
		}
	}
	return first
}

// Earlier returns the earlier of two ends; the zero time is none.
func Earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
