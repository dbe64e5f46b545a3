package forward

import (
	"bytes"
	"sync"
)

// bufferSize is what one transfer holds of a body at a time, in bytes, whatever its length.
const bufferSize = 32 << 10

// The pools hold no state of any Forwarder: [Relay] needs none.
var (
	buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}
	heads   = sync.Pool{New: func() any { return new(bytes.Buffer) }}
)

// borrowBuffer returns a buffer for one transfer; its contents are undefined.
func borrowBuffer() *[bufferSize]byte { return buffers.Get().(*[bufferSize]byte) }

func returnBuffer(b *[bufferSize]byte) { buffers.Put(b) }

// borrowHead returns an empty buffer for a message's head.
func borrowHead() *bytes.Buffer {
	b := heads.Get().(*bytes.Buffer)
	b.Reset()
	return b
}

// returnHead keeps b for the next head, unless this one was unusually large.
func returnHead(b *bytes.Buffer) {
	if b.Cap() <= bufferSize {
		heads.Put(b)
	}
}
