package main

import (
	"math"
	"os"
	"syscall"
)

// mostReserved bounds how many file descriptors are kept from clients: more upstream
// connections than that are seldom under way at a time.
const mostReserved = 1024

// clientDescriptors returns how many file descriptors may be in use for a client to be
// let in: a quarter at most is kept for the upstream, the admin listener, Redis and
// files. The Go runtime has raised the limit as far as it may before main began.
func clientDescriptors() int {
	most := int(min(maxFiles(), math.MaxInt32)) // there may be no limit
	return most - min(most/4, mostReserved)
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
