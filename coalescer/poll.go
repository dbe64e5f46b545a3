package coalescer

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
)

// Poll is what a client asks: the current state of a document, if it differs
// from the one that it has.
type Poll struct {
	Key Key
	URL string // host, path and the part of the query that is in the key: what news name, and people

	// Place is the key without identity and variant: what a probe asks about,
	// for all of them (share: changes).
	Place [16]byte

	Route     *Route
	Condition etag.Condition // what the client has

	// Writer is whose writes this poll must see: the identity, or for clients
	// without one something else that is theirs, such as their address.
	Writer Identity

	// Header is the client's request fields, read only while Next runs; Vary
	// is the route's at the time when the key was made.
	Header http.Header
	Vary   []string

	// Call returns the request that is to be made upstream, without
	// conditions, under ctx and counted under reason. For [ledger.Probe] it
	// must carry no credential; nil says that this cannot be had. It is called
	// while Next runs; the request may not refer to the client's afterwards.
	Call func(ctx context.Context, reason ledger.Reason) *http.Request

	// Set by watches, which ask as polls do.
	reason ledger.Reason // of the call that this poll leads
	since  time.Time     // where set, upstream must have given the body in a call that ended later
}

// fits reports whether p's key is what it would be if it were made now, by the
// fields that an answer is known to vary on. A key that was made before one of
// them was learnt is also that of whoever does not send the field:
//
//	alice, in German: key ─────────────────► asks: not hers
//	another document:     learns X-Tongue
//	bob, in no tongue:         key ──► 200
func (p *Poll) fits(varies []string) bool {
	return !slices.ContainsFunc(varies, func(name string) bool {
		return len(p.Header[name]) > 0 && !slices.Contains(p.Vary, name)
	})
}

// How says where an answer came from.
type How uint8

// The ways to an answer; they are outcomes of a poll.
const (
	Hit         How = iota // from memory
	Collapsed              // from a call that another poll led
	Revalidated            // from a call that this poll led, answered 304
	Fetched                // from a call that this poll led, answered otherwise
)

// Outcome returns the ledger's word.
func (h How) Outcome() ledger.Outcome {
	return [...]ledger.Outcome{ledger.Hit, ledger.Collapsed, ledger.Revalidated, ledger.Fetched}[h]
}

// Answer is what a poll is told.
type Answer struct {
	// Snapshot is the current state. NotModified says that it is the one that
	// the client has: to be answered 304.
	Snapshot    *Snapshot
	NotModified bool

	// Response, if not nil, is upstream's answer for this poll alone, instead
	// of a snapshot: to be relayed, and its body closed.
	Response *http.Response

	How     How
	Stale   bool          // something was held when upstream was asked
	Status  int           // upstream's status, where it was asked
	TTL     time.Duration // until upstream is asked again; negative: stale for so long
	Age     time.Duration // since upstream confirmed the snapshot
	Covered bool          // an old snapshot in place of upstream's failure
}
