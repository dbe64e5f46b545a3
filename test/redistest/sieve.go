package redistest

import (
	"bufio"
	"bytes"
	"io"
	"regexp"
	"strconv"
)

// sieve reads what a server says, but for the messages that are lost.
type sieve struct {
	from *bufio.Reader
	lose func() bool
	rest []byte // of the value that is being read
}

func (s *sieve) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		value, err := appendValue(nil, s.from)
		if err != nil {
			return 0, err
		}
		if !message.Match(value) || !s.lose() {
			s.rest = value
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// message is how one to a subscriber begins, in RESP2 and 3, of a channel, a shard's channel or a pattern.
var message = regexp.MustCompile(`^[*>][34]\r\n\$[78]\r\n[sp]?message\r\n`)

// appendValue appends the next value of RESP2 or 3, with all that it is made of.
func appendValue(to []byte, r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadBytes('\n')
	to = append(to, line...)
	if err != nil {
		return to, err
	}
	parts, err := strconv.Atoi(string(bytes.TrimSpace(line[1:])))
	if err != nil || parts < 0 {
		return to, nil // it is this line
	}
	switch line[0] {
	case '$', '=', '!': // so many bytes, and the end of their line
		at := len(to)
		to = append(to, make([]byte, parts+len("\r\n"))...)
		_, err := io.ReadFull(r, to[at:])
		return to, err
	case '*', '>', '~':
	case '%', '|': // names and values
		parts *= 2
	default:
		parts = 0
	}
	for range parts {
		if to, err = appendValue(to, r); err != nil {
			return to, err
		}
	}
	return to, nil
}
