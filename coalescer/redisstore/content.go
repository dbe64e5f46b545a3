package redisstore

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
)

const (
	// compressFrom is the length from which on compression is tried.
	compressFrom = 1 << 10
	// contentBytes bounds what is read of a compressed content.
	contentBytes = 64 << 20
)

// The first byte of a content.
const (
	flagFields   = 1 << iota // fields and a body follow the tag
	flagDeflated             // what follows is the length, and deflated
)

var errContent = errors.New("a state that cannot be read")

// appendContent appends what s says to b: a byte of flags, the tag, and, where
// there are any, the fields and the body. Lengths are unsigned varints.
func (e *encoder) appendContent(b []byte, s *coalescer.Said) []byte {
	flags, plain := flagsOf(s), appendPlain(nil, s)
	if short := e.deflate(plain); short != nil {
		b = append(b, flags|flagDeflated)
		b = binary.AppendUvarint(b, uint64(len(plain)))
		return append(b, short...)
	}
	return append(append(b, flags), plain...)
}

func flagsOf(s *coalescer.Said) (flags byte) {
	if s.Header != nil {
		flags |= flagFields
	}
	return flags
}

// appendPlain appends what follows the flags where it is not deflated.
func appendPlain(b []byte, s *coalescer.Said) []byte {
	b = appendString(b, string(s.Tag))
	if s.Header == nil {
		return b
	}
	return append(appendFields(b, s.Header), s.Body...)
}

func appendFields(b []byte, h http.Header) []byte {
	b = binary.AppendUvarint(b, uint64(len(h)))
	for name, values := range h {
		b = appendString(b, name)
		b = binary.AppendUvarint(b, uint64(len(values)))
		for _, v := range values {
			b = appendString(b, v)
		}
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func parseContent(content string) (*coalescer.Said, error) {
	if content == "" {
		return nil, errContent
	}
	flags, rest := content[0], content[1:]
	if flags&^(flagFields|flagDeflated) != 0 {
		return nil, errContent
	}
	if flags&flagDeflated != 0 {
		var err error
		if rest, err = inflate(rest); err != nil {
			return nil, err
		}
	}
	r := reader{rest: rest}
	said := &coalescer.Said{Tag: etag.Tag(r.string())}
	if flags&flagFields != 0 {
		said.Header = r.fields()
		said.Body = []byte(r.rest)
	} else if r.rest != "" {
		return nil, errContent
	}
	if r.bad {
		return nil, errContent
	}
	return said, nil
}

// reader takes what was appended from the front of rest. Once something is
// wrong it is bad, and gives nothing more.
type reader struct {
	rest string
	bad  bool
}

// length returns a number that is at most that of the bytes that follow it.
func (r *reader) length() int {
	n, used := binary.Uvarint([]byte(r.rest[:min(len(r.rest), binary.MaxVarintLen64)]))
	if used <= 0 || n > uint64(len(r.rest)-used) {
		r.bad, r.rest = true, ""
		return 0
	}
	r.rest = r.rest[used:]
	return int(n)
}

// string returns a copy, so that a field does not keep a body in memory.
func (r *reader) string() string {
	n := r.length()
	s := strings.Clone(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

func (r *reader) fields() http.Header {
	n := r.length()
	h := make(http.Header, min(n, 64))
	for range n {
		if r.bad {
			break
		}
		name := r.string()
		for range r.length() {
			h[name] = append(h[name], r.string())
		}
	}
	return h
}

// deflate returns plain compressed, nil where that gains less than an eighth.
func (e *encoder) deflate(plain []byte) []byte {
	if len(plain) < compressFrom {
		return nil
	}
	var b bytes.Buffer
	e.flate.Reset(&b)
	if _, err := e.flate.Write(plain); err != nil {
		return nil
	}
	if err := e.flate.Close(); err != nil || b.Len() > len(plain)/8*7 {
		return nil
	}
	return b.Bytes()
}

// inflate undoes deflate, for contents of at most contentBytes.
func inflate(short string) (string, error) {
	length, used := binary.Uvarint([]byte(short[:min(len(short), binary.MaxVarintLen64)]))
	if used <= 0 || length > contentBytes {
		return "", errContent
	}
	r := flate.NewReader(bytes.NewReader([]byte(short[used:])))
	plain, err := io.ReadAll(io.LimitReader(r, int64(length)+1))
	if err != nil {
		return "", fmt.Errorf("%w: %w", errContent, err)
	}
	if uint64(len(plain)) != length {
		return "", errContent
	}
	return string(plain), nil
}
