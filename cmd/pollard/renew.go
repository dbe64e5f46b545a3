package main

import (
	"crypto/tls"
	"net/url"
	"slices"
	"time"

	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/config"
	"github.com/pollard-proxy/pollard/proxy/forward"
)

// renew puts in force what a configuration and its files say of everything but
// routes, as far as that needs no restart. It cannot fail.
func (in *instance) renew(c *config.Config, have *config.Certificates) {
	old, before := in.current.Swap(c), in.certificates.Swap(have)
	if !have.Server.Same(before.Server) {
		in.door.Renew(have.Server.TLS)
		in.log.Info("front door's certificates renewed: connections made with the old ones are left", "spread", c.Drain.Spread)
	}
	if !have.Redis.Same(before.Redis) {
		in.log.Info("certificates towards Redis renewed: connections follow within an hour, subscriptions when they are lost")
	}
	if old.Upstream.String() != c.Upstream.String() {
		in.coalescer.Expire() // what another upstream has said
	}
	in.calendar.Enter(have.Ends, c.UpstreamTLS.SkipVerifyUntil)
	in.hub.Rebound(pushOptions(c, in.log))
	in.proxy.LogPolls(c.Log.Polls, c.Log.Sample)
}

// renewUpstream puts in force what they say of where requests go: before the routes
// that name it.
func (in *instance) renewUpstream(c *config.Config, have *config.Certificates) {
	old, before := in.current.Load(), in.certificates.Load()
	if sameUpstream(old, c) && have.Upstream.Same(before.Upstream) {
		return
	}
	in.forward.Renew(upstreamTerms(c, have))
	in.log.Info("upstream is connected to anew", "upstream", c.Upstream.String())
}

func sameUpstream(a, b *config.Config) bool {
	return a.Upstream.String() == b.Upstream.String() && a.Endpoints == b.Endpoints &&
		slices.EqualFunc(others(a), others(b), func(u, v forward.Upstream) bool { return u.String() == v.String() }) &&
		a.UpstreamTLS.SkipVerifyUntil.Equal(b.UpstreamTLS.SkipVerifyUntil)
}

func upstreamTerms(c *config.Config, have *config.Certificates) forward.Terms {
	return forward.Terms{
		Upstream: c.Upstream, Others: others(c), Endpoints: c.Endpoints,
		TLS: have.Upstream.TLS, Unverified: c.UpstreamTLS.SkipVerifyUntil,
	}
}

// others are the upstreams that routes have of their own, in their order.
func others(c *config.Config) []forward.Upstream {
	var all []forward.Upstream
	for _, r := range c.Routes {
		if r.Upstream != nil {
			all = append(all, r.Upstream)
		}
	}
	return all
}

// redisTLS is how the next connection to Redis is made.
func (in *instance) redisTLS() *tls.Config { return in.certificates.Load().Redis.TLS }

// redisAt says how Redis is reached.
func (in *instance) redisAt(urls []*url.URL) redisstore.Options {
	return redisstore.Options{URLs: urls, TLS: in.redisTLS}
}

// certificateEnds is when certificates end, by role: those in force, and the first
// of those that open connections were made with.
func (in *instance) certificateEnds() map[string]time.Time {
	ends := in.calendar.Ends()
	for role, end := range map[string]time.Time{"in_use": in.door.InUse(), "upstream_in_use": in.forward.InUse()} {
		if !end.IsZero() {
			ends[role] = end
		}
	}
	return ends
}
