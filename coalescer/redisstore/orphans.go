package redisstore

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/pollard-proxy/pollard/coalescer"
)

// claim is what a lease holds: which Begin of which instance took the turn.
type claim [16]byte

// claims makes claims, and keeps those of which it is not known whether they
// became leases: Redis may have granted them, and the answer was lost. Without
// care such a turn would be nobody's until its lease ends.
type claims struct {
	// Set by newClaims, then read-only.
	instance instance

	made atomic.Uint64

	mu      sync.Mutex
	orphans map[claim]coalescer.Name // guarded by mu
}

// orphanClaims bounds the orphans; leases beyond it end by time.
const orphanClaims = 1024

func newClaims(i instance) *claims {
	return &claims{instance: i, orphans: make(map[claim]coalescer.Name)}
}

func (c *claims) next() (made claim) {
	copy(made[:], c.instance[:])
	binary.BigEndian.PutUint64(made[8:], c.made.Add(1))
	return made
}

// lost keeps a claim of which no answer came.
func (c *claims) lost(lost claim, name coalescer.Name) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.orphans) < orphanClaims {
		c.orphans[lost] = name
	}
}

// take returns what was lost, and keeps it no more.
func (c *claims) take() map[claim]coalescer.Name {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.orphans) == 0 {
		return nil
	}
	orphans := c.orphans
	c.orphans = make(map[claim]coalescer.Name)
	return orphans
}

// releaseOrphans gives turns back that nobody knows of.
func (s *Store) releaseOrphans() {
	for orphan, name := range s.claims.take() {
		(&turn{store: s, name: name, claim: orphan}).Release()
	}
}
