package main

import (
	"github.com/pollard-proxy/pollard/config"
	"github.com/pollard-proxy/pollard/proxy"
	"github.com/pollard-proxy/pollard/proxy/frontdoor"
)

// rates are how often one client may ask.
func rates(c *config.Config) proxy.Limits {
	l := c.Limits
	return proxy.Limits{Requests: l.RequestsPerAddress, Upgrades: l.UpgradesPerAddress, Polls: l.PollsPerIdentity}
}

// limited adds the limits on who may connect.
func (in *instance) limited(o frontdoor.Options) frontdoor.Options {
	o.PerAddress, o.Speakers = in.config.Limits.ConnectionsPerAddress, in.config.TrustedProxies
	o.Descriptors, o.Refused = clientDescriptors(), in.ledger.Limited
	return o
}
