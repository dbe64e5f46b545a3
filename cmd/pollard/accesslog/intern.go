package accesslog

import "github.com/cespare/xxhash/v2"

// interned bounds how many strings an interner holds, internedBytes the length
// of each: 8 MiB at the worst.
const (
	interned      = 1 << 14
	internedBytes = 512
)

// interner makes strings of bytes, and gives the same string again for bytes
// that it has seen lately: the URLs that are polled are few and come often.
// The zero value is ready. It is not safe for concurrent use.
type interner struct {
	held    [interned]string
	scratch []byte
}

func (n *interner) string(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > internedBytes {
		return string(b)
	}
	slot := &n.held[xxhash.Sum64(b)%interned]
	if *slot != string(b) {
		*slot = string(b)
	}
	return *slot
}

// query returns a query that was logged without its "?".
func (n *interner) query(b []byte) string {
	if b[0] == '?' {
		return n.string(b)
	}
	n.scratch = append(append(n.scratch[:0], '?'), b...)
	return n.string(n.scratch)
}
