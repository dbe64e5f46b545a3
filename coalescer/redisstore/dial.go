package redisstore

import (
	"context"
	"crypto/tls"
	"net"
)

// dialTLS returns a dialer that asks anew for each connection how to speak TLS, so
// that certificates can be renewed.
func dialTLS(config func() *tls.Config) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c := &tls.Config{MinVersion: tls.VersionTLS12}
		if config != nil {
			c = config()
		}
		d := &tls.Dialer{NetDialer: &net.Dialer{Timeout: dialTimeout}, Config: c}
		return d.DialContext(ctx, network, address)
	}
}
