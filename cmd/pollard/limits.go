package main

import "github.com/pollard-proxy/pollard/proxy/frontdoor"

// limited adds the limits on who may connect.
func (in *instance) limited(o frontdoor.Options) frontdoor.Options {
	o.PerAddress, o.Speakers = in.config.Limits.ConnectionsPerAddress, in.config.TrustedProxies
	o.Descriptors, o.Refused = clientDescriptors(), in.ledger.Limited
	return o
}
