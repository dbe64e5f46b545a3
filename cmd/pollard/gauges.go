package main

import "github.com/pollard-proxy/pollard/ledger"

// gauge has the ledger export how much of each bound is used, and until when
// the certificates are good.
func (in *instance) gauge() {
	in.ledger.Certificates(in.certificateEnds, in.calendar.Unverified)
	in.ledger.Endpoints(in.endpoints)
	constant := func(v float64) func() float64 { return func() float64 { return v } }
	in.ledger.Saturation("connections", func() float64 { return float64(in.door.Connections()) }, constant(float64(in.config.Limits.Connections)))
	in.ledger.Saturation("stored_bytes", func() float64 { return float64(in.coalescer.Usage().StoredBytes) }, constant(float64(in.config.Limits.StoredBytes)))
	in.ledger.Saturation("documents", func() float64 { return float64(in.coalescer.Usage().Documents) }, constant(float64(in.config.Limits.Documents)))
	in.ledger.Saturation("watchers", func() float64 { return float64(in.hub.Count()) }, func() float64 { return float64(in.current.Load().Limits.Watchers) })
	in.ledger.Saturation("upstream_in_flight", func() float64 { return float64(in.forward.InFlight()) }, constant(float64(in.config.Limits.UpstreamInFlight)))
	in.ledger.Saturation("pending_bytes", func() float64 { return float64(in.hub.Pending()) }, constant(float64(in.config.Limits.PendingBytes)))
	in.ledger.Saturation("memory", func() float64 { return float64(in.memory.Used()) }, constant(float64(in.memory.Bytes())))
	in.ledger.Saturation("file_descriptors", openFiles, constant(float64(clientDescriptors())))
}

// endpoints are how the upstream's are, in the ledger's words.
func (in *instance) endpoints() []ledger.Endpoint {
	var all []ledger.Endpoint
	for _, e := range in.forward.Endpoints() {
		all = append(all, ledger.Endpoint(e))
	}
	return all
}
