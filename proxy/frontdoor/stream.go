package frontdoor

import (
	"bytes"
	"net/http"
	"sync"
)

const (
	bufferBytes    = 4 << 10 // of a pooled buffer; a longer head gets one of its own
	emptyLines     = 4       // skipped before a request line (RFC 9112 §2.2)
	chunkLineBytes = 2 << 10 // of a chunk-size and its extensions
	trailerBytes   = 4 << 10 // of a trailer section, as much as net/http takes
)

type phase uint8

const (
	inHead phase = iota
	inData       // of a body with Content-Length, or of a chunk
	inChunkEnd
	inChunkSize
	inTrailer
	inTunnel // after an upgrade or an HTTP/2 preface: not ours to read
	refused
)

// An exchange is what the handler's side must know of a vetted head beyond what net/http parses from it.
type exchange struct {
	number           uint64   // of the message on its connection, from 1
	refusal          *refusal // answer this, and nothing else
	target           string   // the request-target, if net/http was shown another
	authority        string   // of a target in absolute-form
	upgrade          bool
	simple           span // of the target, as an offset from the head, where the lane may be asked; else zero
	dropCacheControl bool // net/http adds "Cache-Control: no-cache" to a request that has only "Pragma: no-cache"
}

// A stream follows the bytes of one HTTP/1 connection, whatever the pieces they come in, and says which of them
// net/http may see. It does no I/O. It is used by one goroutine at a time, the one that reads the connection.
//
//	buf: [ handed on | vetted, may be handed on | scanned, its unit not complete | not looked at ]
//	                 off                        vetted                           scan          len
type stream struct {
	limit int  // bytes of a head
	h2c   bool // an HTTP/2 preface may open the connection
	pool  *sync.Pool

	buf               []byte
	off, vetted, scan int
	phase             phase
	head              head
	remain            int64 // bytes of inData
	chunked           bool  // inData is a chunk
	section           int   // bytes of the trailer section, or empty lines before a head
	messages          uint64
	exchange          exchange // of the latest head
}

// advance vets what has arrived, up to the end of one message, once all that was vetted before is handed on. It reports
// whether a head became complete, which s.exchange then describes, or returns the refusal of a body. A refused head is
// replaced by a harmless one whose exchange carries the refusal, so that its answer comes in its turn, behind those to
// the requests before it.
func (s *stream) advance() (complete bool, f *refusal) {
	for more := s.vetted == s.off; more; {
		if s.vetted > s.off && (s.phase == inHead || s.phase == inTunnel) {
			return false, nil // the end of the last message has to be handed on, and alone
		}
		more = false
		switch s.phase {
		case inHead:
			at := s.scan
			if complete, f = s.headLine(); f != nil {
				s.refuseHead(f)
				return true, nil
			}
			more = !complete && s.scan > at
		case inData:
			more = s.data()
		case inChunkEnd:
			more, f = s.chunkEnd()
		case inChunkSize:
			more, f = s.chunkSize()
		case inTrailer:
			more, f = s.trailerLine()
		case inTunnel:
			s.vetted, s.scan = len(s.buf), len(s.buf)
		case refused:
		}
		if f != nil {
			s.drop()
			s.phase = refused
			return false, f
		}
	}
	return complete, nil
}

// line returns the next complete line without its CRLF, or nil while it is incomplete. One longer than limit is refused
// with the status and reason given.
func (s *stream) line(limit, status int, reason string) ([]byte, *refusal) {
	rest := s.buf[s.scan:]
	i := bytes.IndexByte(rest, '\n')
	switch {
	case i >= limit || i < 0 && len(rest) >= limit:
		return nil, &refusal{status, reason}
	case i < 0:
		return nil, nil
	case i == 0 || rest[i-1] != '\r':
		return nil, badRequest("bare LF")
	}
	s.scan += i + 1
	return rest[: i-1 : i-1], nil
}

func (s *stream) headLine() (complete bool, f *refusal) {
	first := s.head.lines == 0
	status, reason := http.StatusRequestHeaderFieldsTooLarge, "head"
	if first {
		status, reason = http.StatusRequestURITooLong, "request line"
		// What cannot become a request line need not be waited for: a TLS handshake, for one, has no line end.
		if s.off < len(s.buf) && s.buf[s.off] != '\r' && !isToken(s.buf[s.off:s.off+1]) {
			return false, badRequest("request line")
		}
	}
	line, f := s.line(s.limit-(s.scan-s.off), status, reason)
	switch {
	case f != nil || line == nil:
		return false, f
	case first && len(line) == 0:
		return false, s.emptyLine()
	case len(line) == 0:
		f = s.headEnd()
		return f == nil, f
	case first:
		f = s.requestLine(line)
	default:
		f = s.head.field(line)
	}
	s.head.lines++
	return false, f
}

// emptyLine skips an empty line before the request line.
func (s *stream) emptyLine() *refusal {
	s.off, s.vetted = s.scan, s.scan
	if s.section++; s.section > emptyLines {
		return badRequest("request line")
	}
	return nil
}

func (s *stream) requestLine(line []byte) *refusal {
	if f := s.head.requestLine(line); f != nil || !s.head.preface {
		return f
	}
	if !s.h2c || s.messages > 0 {
		return &refusal{http.StatusHTTPVersionNotSupported, "version"}
	}
	s.phase = inTunnel
	return nil
}

func (s *stream) headEnd() *refusal {
	h := &s.head
	if f := h.end(); f != nil {
		return f
	}
	s.messages++
	s.exchange = exchange{number: s.messages, upgrade: h.upgrades(), dropCacheControl: h.pragma && !h.cacheControl}
	if h.isSimple(s.buf[s.off:s.scan]) {
		s.exchange.simple = h.target
	}
	s.rewrite()
	s.vetted, s.section = s.scan, 0
	s.chunked, s.remain = h.chunked, h.length
	s.head = head{}
	switch {
	case s.chunked:
		s.phase = inChunkSize
	case s.remain > 0:
		s.phase = inData
	default:
		s.endMessage()
	}
	return nil
}

func (s *stream) endMessage() {
	s.phase = inHead
	if s.exchange.upgrade {
		s.phase = inTunnel
	}
}

// rewrite puts a target in origin-form that net/http can parse into the head, whose start moves forward by what the new
// target is shorter. The bytes that the client sent are kept in s.exchange if they are not what net/http will report.
func (s *stream) rewrite() {
	b := s.buf[s.off:s.scan]
	target := s.head.target.of(b)
	shown := target
	if target[0] != '/' && target[0] != '*' {
		authority, rest, _ := originForm(target)
		s.exchange.authority = string(authority)
		shown = rest
		switch {
		case len(rest) == 0 && string(s.head.method.of(b)) == http.MethodOptions:
			shown = []byte{'*'}
		case len(rest) == 0 || rest[0] != '/':
			shown = append([]byte{'/'}, rest...)
		}
	}
	if !parses(shown) {
		s.exchange.target, shown = string(shown), []byte{'/'}
	}
	shift := len(target) - len(shown)
	if shift == 0 {
		return
	}
	copy(b[s.head.target.to-len(shown):], shown)
	copy(b[shift:], b[:s.head.target.from])
	s.off += shift
}

// refuseHead replaces what has arrived by a request for net/http to answer in order.
func (s *stream) refuseHead(f *refusal) {
	s.drop()
	s.push([]byte("GET / HTTP/1.1\r\nHost: refused\r\nConnection: close\r\n\r\n"))
	s.vetted, s.scan, s.phase = len(s.buf), len(s.buf), refused
	s.messages++
	s.exchange = exchange{number: s.messages, refusal: f}
}

func (s *stream) data() (more bool) {
	n := int(min(s.remain, int64(len(s.buf)-s.scan)))
	s.took(n)
	s.scan += n
	s.vetted = s.scan
	return s.phase != inData && n > 0
}

// took counts n bytes of data that were seen, in the buffer or past it.
func (s *stream) took(n int) {
	if s.remain -= int64(n); s.remain > 0 {
		return
	}
	if s.chunked {
		s.phase = inChunkEnd
		return
	}
	s.endMessage()
}
