package config

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"time"
)

// reachTimeout bounds how long Verify waits for the upstream to take a
// connection and, with https, to shake hands.
const reachTimeout = 5 * time.Second

// expiryNotice is how long before a certificate ends Verify begins to warn.
const expiryNotice = 14 * 24 * time.Hour

// Verify looks at c as a whole, flags included, and at what it names: that there
// is an upstream, that certificates can be read, go with their keys and are in
// date, and, when online, that the upstream takes connections. A date is worth a
// warning only: refusing to start would not bring the certificate back.
func (c *Config) Verify(ctx context.Context, online bool) Problems {
	problems := c.verifyListeners()
	if c.Upstream == nil && !c.source.has("upstream") {
		problems = append(problems, c.source.problem("upstream", `is required: the URL of the web fleet, such as "http://127.0.0.1:3000"`))
	}
	server, err := c.TLS.ServerConfig()
	problems = append(problems, c.verifyTLS("tls", server, err)...)
	client, err := c.UpstreamTLS.ClientConfig()
	problems = append(problems, c.verifyTLS("upstream_tls", client, err)...)
	if online && err == nil && c.Upstream != nil {
		if err := c.reachUpstream(ctx, client); err != nil {
			problems = append(problems, c.source.problem("upstream", "cannot be reached: %v", err))
		}
	}
	return problems.byLine()
}

func (c *Config) verifyListeners() Problems {
	var problems Problems
	host, port, _ := net.SplitHostPort(c.Admin)
	if c.Admin == c.Listen && port != "0" {
		problems = append(problems, c.source.problem("admin", "is the address of listen too; want another, not reachable by clients"))
	}
	if !isLoopback(host) && c.AdminToken == "" {
		problems = append(problems, c.source.warning("admin", "is reachable from other machines and there is no admin_token: nobody may change anything"))
	}
	return problems
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// verifyTLS reports what reading the files of a section came to.
func (c *Config) verifyTLS(section string, read *tls.Config, err error) Problems {
	if file := (*fileError)(nil); errors.As(err, &file) {
		return Problems{c.source.problem(section+"."+file.key, "%v", file.err)}
	}
	if read == nil || len(read.Certificates) == 0 {
		return nil
	}
	leaf, key, now := read.Certificates[0].Leaf, section+".certificate", time.Now()
	switch {
	case now.After(leaf.NotAfter):
		return Problems{c.source.warning(key, "expired on %s", leaf.NotAfter.Format(time.DateOnly))}
	case now.Before(leaf.NotBefore):
		return Problems{c.source.warning(key, "is not valid before %s", leaf.NotBefore.Format(time.DateTime))}
	case leaf.NotAfter.Sub(now) < expiryNotice:
		return Problems{c.source.warning(key, "expires on %s", leaf.NotAfter.Format(time.DateOnly))}
	}
	return nil
}

// reachUpstream opens a connection to the upstream and closes it.
func (c *Config) reachUpstream(ctx context.Context, client *tls.Config) error {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	dial, port := (&net.Dialer{}).DialContext, "80"
	if c.Upstream.Scheme == "https" {
		dial, port = (&tls.Dialer{Config: client}).DialContext, "443"
	}
	conn, err := dial(ctx, "tcp", net.JoinHostPort(c.Upstream.Hostname(), cmp.Or(c.Upstream.Port(), port)))
	if err != nil {
		return err
	}
	return conn.Close()
}
