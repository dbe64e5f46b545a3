//go:build !linux

package frontdoor

import "syscall"

// limitUnsent leaves it to the system how much it buffers.
func limitUnsent(syscall.RawConn, int) {}
