package redisstore

import (
	"context"

	"github.com/pollard-proxy/pollard/coalescer"
)

// Void is coalescer.Store's. It waits for Redis no longer than Options.Budget. That
// it failed is noted by run, and mended by nobody: what was said before is told for
// as long as it is fresh.
func (s *Store) Void(ctx context.Context, who coalescer.Identity) {
	var name coalescer.Name // of the slot, for the breaker
	copy(name[:], who[:])
	s.run(ctx, s.scripts.void, name, []string{s.voidKey(who)}, coalescer.PrivateKeep.Milliseconds())
}

func (s *Store) voidKey(who coalescer.Identity) string { return s.slot(who[:]) + voidKey }
