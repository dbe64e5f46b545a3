package redisstore

import (
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/pollard-proxy/pollard/coalescer"
)

// version is the first byte of every state. A state of another version is as
// good as none: fleets of two versions share nothing until all have been
// replaced.
const version = 1

// headBytes is the length of a head: version, token, asked, proven, until, sum,
// in network byte order. The scripts read the first three.
const headBytes = 1 + 8 + 8 + 8 + 8 + 8

// head is what is known of a state without its content.
type head struct {
	token  uint64  // of the turn that published it
	asked  int64   // by Redis' clock, in microseconds
	proven int64   // the same; 0 where the content is the tag alone
	until  int64   // the same: it is of no use from then on
	sum    [8]byte // of the tag
}

// errForeign is returned for what is no state, or one of another version.
var errForeign = errors.New("not a state of this version")

func (h head) append(b []byte) []byte {
	b = append(b, version)
	b = binary.BigEndian.AppendUint64(b, h.token)
	b = binary.BigEndian.AppendUint64(b, uint64(h.asked))
	b = binary.BigEndian.AppendUint64(b, uint64(h.proven))
	b = binary.BigEndian.AppendUint64(b, uint64(h.until))
	return append(b, h.sum[:]...)
}

// parseHead returns the head of value and what follows.
func parseHead(value string) (h head, content string, err error) {
	if len(value) < headBytes || value[0] != version {
		return head{}, "", errForeign
	}
	b := []byte(value[1:headBytes])
	h.token = binary.BigEndian.Uint64(b)
	h.asked = int64(binary.BigEndian.Uint64(b[8:]))
	h.proven = int64(binary.BigEndian.Uint64(b[16:]))
	h.until = int64(binary.BigEndian.Uint64(b[24:]))
	copy(h.sum[:], b[32:])
	return h, value[headBytes:], nil
}

// sum tells tags apart, in hints that do not carry them.
func sum(s *coalescer.Said) (short [8]byte) {
	whole := sha256.Sum256([]byte(s.Tag))
	copy(short[:], whole[:])
	return short
}

// encoder makes states. It is for one goroutine.
type encoder struct {
	flate *flate.Writer // 600 kB that would be made anew for a few kilobytes of text
	seals *sealer
	limit int // bytes of a state; of a longer one only the tag is encoded
}

func newEncoder(limit int, seals *sealer) *encoder {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return &encoder{flate: w, seals: seals, limit: limit}
}

// head returns that of what turn t publishes.
func (t *turn) head(s *coalescer.Said) head {
	asked := t.granted.remote(s.Asked)
	h := head{token: t.token, asked: asked, until: asked + t.keep.Microseconds()}
	if _, isPrivate := t.name.Owner(); !isPrivate {
		h.sum = sum(s) // from which a tag can be guessed
	}
	return h
}

// encode returns what turn t publishes as it is stored; the tag alone where bare.
func (e *encoder) encode(t *turn, s *coalescer.Said, bare bool) []byte {
	h := t.head(s)
	if !s.Proven.IsZero() && !bare {
		h.proven = t.granted.remote(s.Proven)
		if value := e.finish(t, h, s); len(value) <= e.limit {
			return value
		}
		h.proven = 0
	}
	return e.finish(t, h, &coalescer.Said{Tag: s.Tag})
}

// finish returns a head and its content, sealed where it is of one identity. That
// is not compressed: its length would tell whoever can have something written into
// it what else is in it.
func (e *encoder) finish(t *turn, h head, s *coalescer.Said) []byte {
	value := h.append(nil)
	if _, isPrivate := t.name.Owner(); isPrivate {
		return e.seals.seal(t.name, value, appendPlain([]byte{flagsOf(s)}, s))
	}
	return e.appendContent(value, s)
}

// decode returns the state that encode made of name, by the clock of whoever calls.
func (s *sealer) decode(name coalescer.Name, value string, at reading) (*coalescer.Said, error) {
	h, content, err := parseHead(value)
	if err != nil {
		return nil, err
	}
	if _, isPrivate := name.Owner(); isPrivate {
		plain, err := s.open(name, value[:headBytes], content)
		if err != nil {
			return nil, err
		}
		content = string(plain)
	}
	said, err := parseContent(content)
	if err != nil {
		return nil, err
	}
	said.Asked = at.local(h.asked)
	if h.proven != 0 && said.Header != nil {
		said.Proven = at.local(h.proven)
	}
	return said, nil
}
