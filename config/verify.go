package config

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// expiryNotice is how long before a certificate ends Verify begins to warn.
const expiryNotice = 30 * day

// maxUnverified bounds how long an upstream may go unverified: a break-glass that
// is forgotten is a hole.
const maxUnverified = day

// Verify looks at c as a whole, flags included, and at what it names: that there
// is an upstream, that certificates can be read, go with their keys and are in
// date, and, when online, that the upstream takes connections. A date is worth a
// warning only: refusing to start would not bring the certificate back.
func (c *Config) Verify(ctx context.Context, online bool) Problems {
	problems := c.verifyListeners()
	if c.Upstream == nil && !c.source.has("upstream") && !c.source.isUnread {
		problems = append(problems, c.source.problem("upstream", `is required: the URL of the web fleet, such as "http://127.0.0.1:3000"`))
	}
	certificates, err := c.Certificates()
	problems = append(problems, c.unread...)
	problems = append(problems, c.verifyDates("tls", certificates.Server)...)
	problems = append(problems, c.verifyDates("upstream_tls", certificates.Upstream)...)
	problems = append(problems, c.verifyDates("redis_tls", certificates.Redis)...)
	problems = append(problems, c.verifySkip(time.Now())...)
	if online && err == nil {
		problems = append(problems, c.verifyOnline(ctx, certificates)...)
	}
	return problems.byLine()
}

// verifySkip bounds the time without verification.
func (c *Config) verifySkip(now time.Time) Problems {
	const key = "upstream_tls.skip_verify_until"
	until := c.UpstreamTLS.SkipVerifyUntil
	switch {
	case until.IsZero():
		return nil
	case until.Sub(now) > maxUnverified:
		return Problems{c.source.problem(key, "is more than %s ahead", showDuration(maxUnverified))}
	case now.Before(until):
		return Problems{c.source.warning(key, "upstream is not verified until %s", until.Format(time.RFC3339))}
	}
	return Problems{c.source.warning(key, "is over; upstream is verified")}
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

// verifyDates warns of a section's certificate that is not valid for long.
func (c *Config) verifyDates(section string, terms Terms) Problems {
	if terms.TLS == nil || len(terms.TLS.Certificates) == 0 {
		return nil
	}
	leaf, key, now := terms.TLS.Certificates[0].Leaf, section+".certificate", time.Now()
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
