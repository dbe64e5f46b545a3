package frontdoor

import (
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"
)

const (
	mostKnown   = 4        // heads that a connection remembers: a page polls few URLs
	mostOfHead  = 8 << 10  // bytes of a head that is remembered
	copiedBytes = 8 << 10  // of content that are rather copied than written apart
	heldBytes   = 64 << 10 // of answers that are held back to be written at once
)

// lane is what a connection has of the server's Lane.
type lane struct {
	// Set before the first Read, then read-only.
	server *Server
	tls    *tls.ConnectionState // nil on cleartext

	// Owned by the reader.
	known  knownHeads
	peer   string    // its address, once it was asked for
	out    *[]byte   // answers that are held back; nil while there are none
	pair   [2][]byte // what both holds
	both   net.Buffers
	failed error     // of writing
	last   time.Time // when something was answered

	state atomic.Int32
}

// Whether the connection may be closed: net/http takes one that is answered in the lane for idle.
const (
	mayClose int32 = iota
	isAnswering
	mustClose
)

func (l *lane) secured(state *tls.ConnectionState) {
	if l != nil {
		l.tls = state
	}
}

// begin keeps the connection open until end.
func (l *lane) begin() {
	l.state.Store(isAnswering)
	l.out = l.server.answers.Get().(*[]byte)
}

// end reports whether the connection was to be closed meanwhile.
func (l *lane) end() (closes bool) {
	if cap(*l.out) <= 2*heldBytes {
		*l.out = (*l.out)[:0]
		l.server.answers.Put(l.out)
	}
	l.out = nil
	return l.state.Swap(mayClose) == mustClose
}

// closesLater reports whether the connection is closed when what is being answered is.
func (l *lane) closesLater() bool {
	return l != nil && (l.state.CompareAndSwap(isAnswering, mustClose) || l.state.Load() == mustClose)
}

// forget lets go of what the connection has been asked: it is not HTTP any more.
func (l *lane) forget() {
	if l != nil {
		l.known = nil
	}
}

// known is a head, and what answers it. It was vetted when it came first; as what vetting finds depends on nothing but
// the bytes of a head, it holds for whatever begins with the same.
type known struct {
	head   []byte
	answer Answer
}

// knownHeads are those that a connection remembers, the last used first.
type knownHeads []known

// find returns the first that matches b, and has it be the last used.
func (ks knownHeads) find(b []byte, matches func(b, head []byte) bool) *known {
	for i := range ks {
		if !matches(b, ks[i].head) {
			continue
		}
		if i > 0 {
			found := ks[i]
			copy(ks[1:i+1], ks[:i])
			ks[0] = found
		}
		return &ks[0]
	}
	return nil
}

// add remembers a head, in the place of the one that was not used for longest if there are too many.
func (ks *knownHeads) add(head []byte, answer Answer) *known {
	if len(*ks) < mostKnown {
		*ks = append(*ks, known{})
	}
	copy((*ks)[1:], *ks)
	(*ks)[0] = known{head, answer}
	return &(*ks)[0]
}
