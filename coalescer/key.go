package coalescer

import "encoding/hex"

// Identity is a keyed hash of everything in a request that can carry a
// credential. The zero Identity stands for no credential at all, or, in the
// key of a route that shares everything, for everyone.
type Identity [16]byte

// Key names a document: one polled resource as one audience sees it. Two polls
// with equal keys may be given each other's answers; this is the whole of the
// security boundary inside this package.
type Key struct {
	Target   [16]byte // hash of route, method, scheme, host, raw path and query, and variant
	Identity Identity
}

// String returns a short form for logs and explanations. Both parts are keyed
// hashes: nothing of the request can be read from it.
func (k Key) String() string {
	return hex.EncodeToString(k.Target[:6]) + "-" + hex.EncodeToString(k.Identity[:4])
}
