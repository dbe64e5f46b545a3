// Package etag holds the validators of HTTP: entity tags and their two
// comparisons (RFC 9110 §8.8.3), the preconditions that a cache evaluates for a
// client (RFC 9110 §13, RFC 9111 §4.3.2), and the freshening of stored header
// fields by a 304 (RFC 9111 §3.2 and §4.3.4).
//
// It decides on bytes alone: it does no I/O, reads no clock and knows nothing of
// what a tag stands for. In particular two equal tags do not make two responses
// equal: upstreams exist that give every user the same tag for different bodies.
package etag

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// A Tag is an entity tag exactly as it stood on the wire, `W/` and quotes
// included: `W/"x"` or `"x"`. The empty Tag means that there is none, and equals
// nothing, not even itself.
//
// Some applications send tags without quotes. Such a Tag is kept as it is,
// because the upstream recognises only its own bytes, and equals only itself.
type Tag string

// Of returns the entity tag of a response with header h. It returns none when the
// ETag field is absent, empty, repeated, or not a single tag: such a value cannot
// be sent back in If-None-Match so that the upstream reads it as it was meant.
func Of(h http.Header) Tag {
	fields := h["Etag"]
	if len(fields) != 1 {
		return ""
	}
	value := trim(fields[0])
	if n := tagLen(value); n > 0 && n == len(value) {
		return Tag(value)
	}
	if isBare(value) {
		return Tag(value)
	}
	return ""
}

// FromBody returns a strong tag computed from body alone: the same on every
// instance and after every restart. Bodies with equal tags are equal for every
// practical purpose (128 bits of SHA-256).
func FromBody(body []byte) Tag {
	sum := sha256.Sum256(body)
	tag := make([]byte, 0, 2+32)
	tag = append(tag, '"')
	tag = hex.AppendEncode(tag, sum[:16])
	return Tag(append(tag, '"'))
}

// Weak reports whether t is a weak validator: it promises that the content is
// equivalent, not that the bytes are the same.
func (t Tag) Weak() bool { return strings.HasPrefix(string(t), `W/"`) }

// WeakEqual is the weak comparison of RFC 9110 §8.8.3.2, the one that
// If-None-Match asks for: the opaque tags are equal, whether weak or strong.
func WeakEqual(a, b Tag) bool {
	return a != "" && b != "" && a.opaque() == b.opaque()
}

// StrongEqual is the strong comparison of RFC 9110 §8.8.3.2: neither tag is weak
// and they are the same.
func StrongEqual(a, b Tag) bool {
	return a != "" && a == b && !a.Weak()
}

// opaque returns the tag without its mark of weakness.
func (t Tag) opaque() Tag {
	if t.Weak() {
		return t[len("W/"):]
	}
	return t
}
