// Package freeport finds addresses for programs that must be told where to listen, or
// must come back to where they were.
package freeport

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
)

// Systems give ports to outgoing connections, and to listeners that ask for any, from
// 32,768 on or higher up. One from there may belong to somebody's connection by the
// time that a program listens on it, or while it is being started again. These lie
// below, and so do those 10,000 above them, which the bus of a Redis Cluster takes.
const (
	least = 11_000 // no browser connects to 10,080
	count = 10_000
)

// next is where to look next. It is the whole process's, so that no two tests are given
// the same port before either has listened on it, and begins anywhere, because others
// look at the same time.
var next = func() *atomic.Uint32 {
	n := new(atomic.Uint32)
	n.Store(rand.Uint32N(count))
	return n
}()

// Address returns one on loopback, host and port, that nobody listened on just now and
// that it has not returned before.
func Address() (string, error) {
	var errs []error
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(least+int(next.Add(1)%count)))
		l, err := net.Listen("tcp", address)
		if err == nil {
			return address, l.Close()
		}
		errs = append(errs, err)
	}
	return "", errors.Join(errs...)
}
