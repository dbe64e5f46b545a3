package memorystore

import (
	"context"
	"maps"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// Void is coalescer.Store's. The identities are bounded as names are; where there
// are more, all of their documents are void.
func (in *Instance) Void(_ context.Context, who coalescer.Identity) {
	in.fleet.mu.Lock()
	defer in.fleet.mu.Unlock()
	now := time.Now()
	if len(in.fleet.voids) >= in.fleet.options.Names {
		in.fleet.forgetVoids(now)
	}
	in.fleet.voids[who] = now
}

// forgetVoids drops what concerns nothing that is of use. It is called with mu held.
func (f *Fleet) forgetVoids(now time.Time) {
	maps.DeleteFunc(f.voids, func(_ coalescer.Identity, at time.Time) bool { return now.Sub(at) > coalescer.PrivateKeep })
	if len(f.voids) < f.options.Names {
		return
	}
	clear(f.voids)
	f.allVoid = now
}

// isVoid reports whether an identity wrote after what was said. It is called with mu
// held.
func (f *Fleet) isVoid(name coalescer.Name, said *coalescer.Said) bool {
	who, isPrivate := name.Owner()
	if !isPrivate {
		return false
	}
	at, ok := f.voids[who]
	return ok && !said.Asked.After(at) || !said.Asked.After(f.allVoid)
}
