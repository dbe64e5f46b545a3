package main

import (
	"os"
	"syscall"

	"github.com/pollard-proxy/pollard/ledger"
)

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
	in.ledger.Saturation("file_descriptors", openFiles, maxFiles)
}

// endpoints are how the upstream's are, in the ledger's words.
func (in *instance) endpoints() []ledger.Endpoint {
	var all []ledger.Endpoint
	for _, e := range in.forward.Endpoints() {
		all = append(all, ledger.Endpoint(e))
	}
	return all
}

// openFiles returns how many file descriptors this process has, 0 where the
// system does not tell.
func openFiles() float64 {
	dir, err := os.Open("/proc/self/fd")
	if err != nil {
		return 0
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return 0
	}
	return float64(len(names) - 1) // without the one that looks
}

// maxFiles returns how many file descriptors this process may have.
func maxFiles() float64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return float64(limit.Cur)
}
