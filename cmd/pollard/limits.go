package main

import (
	"os"
	"runtime/debug"

	"github.com/pollard-proxy/pollard/cmd/pollard/memory"
	"github.com/pollard-proxy/pollard/config"
	"github.com/pollard-proxy/pollard/proxy"
	"github.com/pollard-proxy/pollard/proxy/frontdoor"
	"github.com/pollard-proxy/pollard/push"
)

// budget is that of memory.
func (in *instance) budget() *memory.Budget {
	l := in.config.Limits
	return memory.New(memory.Options{
		Bytes: memoryOf(in.config), StoredBytes: l.StoredBytes, Log: in.log,
		Stored: func() int64 { return in.coalescer.Usage().StoredBytes }, Bound: in.coalescer.Bound,
	})
}

// memoryOf returns how many bytes this process may use; 0 is any number.
func memoryOf(c *config.Config) int64 {
	if c.Limits.Memory > 0 {
		return c.Limits.Memory
	}
	return memory.Allowance(os.DirFS("/"))
}

// limitMemory has garbage collected as often as it takes to stay within the budget.
func limitMemory(c *config.Config) {
	if most := memoryOf(c); most > 0 && most < debug.SetMemoryLimit(-1) {
		debug.SetMemoryLimit(most)
	}
}

// guarded adds the limit that the hub has in common with everything else.
func (in *instance) guarded(o push.Options) push.Options {
	o.Full = in.memory.IsFull
	return o
}

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
