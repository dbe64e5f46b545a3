package coalescer

import (
	"net/http"
	"time"

	"github.com/pollard-proxy/pollard/ledger"
)

// This file is about documents of one identity that a fleet shares, where the route
// says so: a poll of that identity at one instance is told what another instance was
// told for the same identity. They go under rules of their own:
//
//   - What who watches is told is not taken from there, nor is what proves
//     anything: those calls are each instance's own.
//   - No news stretch how long a state will do: the interval bounds it.
//   - What was said before a write of the identity, before it signed out, or before
//     upstream refused it, is told by no store any more ([Store.Void]):
//
//	instance 1  ──► v1 published           write ──► answered ──► void ──► writer sees the answer
//	instance 2                                                               poll ──► asks: not v1

// PrivateKeep bounds how long what is published of one identity is of use. A store
// remembers for as long that it is void.
const PrivateKeep = 5 * time.Minute

// stores reports whether what is of this identity alone may be told to the
// fleet. Its writer must be who owns it, or a write would not void it.
func (f *Feed) stores(r *Route, writer Identity) bool {
	return f.c.store != nil && r.StorePrivate && r.Share == Nothing && f.share == Nothing &&
		f.key.Identity != (Identity{}) && f.key.Identity == writer
}

// nameFor returns what the fleet calls the document of a call, if another
// instance's answer would do.
func (f *Feed) nameFor(r *Route, writer Identity, reason ledger.Reason) (n Name, ok bool) {
	switch {
	case f.isCommon():
		return commonName(f.key.Target), reason == ledger.Poll || reason == ledger.Watch
	case f.stores(r, writer):
		return privateName(f.key), reason == ledger.Poll
	}
	return Name{}, false
}

// TellWrites has the fleet told from now on of who writes, signs out or is
// refused: some instance stores what is of one identity.
func (c *Coalescer) TellWrites() { c.tellsWrites.Store(true) }

// void has the fleet forget what upstream has said to who, where that may be known
// to it. It takes as long as a store waits for the outside.
func (c *Coalescer) void(who Identity) {
	if c.store != nil && c.tellsWrites.Load() {
		c.store.Void(c.ctx, who)
	}
}

// heedRefusal has the fleet forget what it was told of an identity that upstream
// now refuses a document.
func (f *Feed) heedRefusal(r *Route, writer Identity, resp *http.Response) {
	if resp != nil && resp.StatusCode >= http.StatusBadRequest && !failing(resp) && f.stores(r, writer) {
		f.c.void(writer)
	}
}
