// Package freeport finds addresses for programs that must be told where to listen, or
// must come back to where they were.
package freeport

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Systems give ports to outgoing connections, and to listeners that ask for any, from
// 32,768 on or higher up. One from there may belong to somebody's connection by the
// time that a program listens on it, or while it is being started again. These lie
// below, and so do those 10,000 above them, which the bus of a Redis Cluster takes.
//
// Tests of several packages look at the same time. So a process has blocks of addresses
// to itself: it listens on the first of each for as long as it lives.
const (
	least  = 11_000 // no browser connects to 10,080
	blocks = 100
	size   = 100 // of a block
)

var (
	mu        sync.Mutex
	guards    []net.Listener // of the process's blocks; guarded by mu, as the rest
	next, end int            // what is left of the newest block
)

// Address returns one on loopback, host and port, that nobody listened on just now and
// that it has not returned before.
func Address() (string, error) {
	mu.Lock()
	defer mu.Unlock()
	for {
		for ; next < end; next++ {
			if l, err := listen(next); err == nil {
				next++
				return l.Addr().String(), l.Close()
			}
		}
		if err := claim(); err != nil {
			return "", err
		}
	}
}

// claim takes a block that no process has. It is called with mu held.
func claim() error {
	for _, block := range rand.Perm(blocks) {
		first := least + block*size
		if l, err := listen(first); err == nil {
			guards = append(guards, l)
			next, end = first+1, first+size
			return nil
		}
	}
	return errors.New("no addresses are left")
}

func listen(port int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}
