package frontdoor

import (
	"bytes"
	"encoding/binary"
)

// tokenLow and tokenHigh are the tchar of RFC 9110 §5.6.2, a bit per byte: 0 to 63 and 64 to 127.
const (
	tokenLow uint64 = (1<<10-1)<<'0' |
		1<<'!' | 1<<'#' | 1<<'$' | 1<<'%' | 1<<'&' | 1<<'\'' | 1<<'*' | 1<<'+' | 1<<'-' | 1<<'.'
	tokenHigh uint64 = (1<<26-1)<<('a'-64) | (1<<26-1)<<('A'-64) |
		1<<('^'-64) | 1<<('_'-64) | 1<<('`'-64) | 1<<('|'-64) | 1<<('~'-64)
)

// hostLow and hostHigh are what a reg-name, or an address in brackets, may consist of (RFC 3986 §3.2.2); colons and
// brackets are placed by validHost.
const (
	hostLow uint64 = (1<<10-1)<<'0' |
		1<<'!' | 1<<'$' | 1<<'%' | 1<<'&' | 1<<'\'' | 1<<'(' | 1<<')' | 1<<'*' | 1<<'+' | 1<<',' | 1<<'-' | 1<<'.' | 1<<';' | 1<<'='
	hostHigh uint64 = (1<<26-1)<<('a'-64) | (1<<26-1)<<('A'-64) | 1<<('_'-64) | 1<<('~'-64)
)

// isIn relies on Go's shifts: one by 64 or more gives 0, so no byte over 127 is in any set.
func isIn(c byte, low, high uint64) bool {
	return uint64(1)<<c&low|uint64(1)<<(c-64)&high != 0
}

func isToken[T string | []byte](s T) bool {
	for i := range len(s) {
		if !isIn(s[i], tokenLow, tokenHigh) {
			return false
		}
	}
	return len(s) > 0
}

// isFieldValue reports whether b is free of controls other than HTAB (RFC 9110 §5.5). It is most of the work of
// vetting a head, so it looks at eight bytes at once: the masks flag bytes under 0x20 and 0x7f, and a flagged word is
// looked at again byte by byte, because a borrow or a HTAB may have raised the flag.
func isFieldValue(b []byte) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for len(b) >= 8 {
		w := binary.LittleEndian.Uint64(b)
		del := w ^ 0x7f*ones
		if ((w-0x20*ones)&^w|(del-ones)&^del)&tops != 0 && !isFieldValueSlow(b[:8]) {
			return false
		}
		b = b[8:]
	}
	return isFieldValueSlow(b)
}

func isFieldValueSlow(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// isTarget reports whether s may stand in a request line: no controls, no space. All else is the upstream's to judge.
func isTarget[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return len(s) > 0
}

// validHost reports whether s is uri-host [ ":" port ] with a host that is not empty (RFC 9110 §4.2.1, §7.2).
func validHost[T string | []byte](s T) bool {
	i := 0
	if len(s) > 0 && s[0] == '[' {
		for i = 1; i < len(s) && (isIn(s[i], hostLow, hostHigh) || s[i] == ':'); i++ {
		}
		if i == 1 || i == len(s) || s[i] != ']' {
			return false
		}
		i++
	} else {
		for i < len(s) && isIn(s[i], hostLow, hostHigh) {
			i++
		}
		if i == 0 {
			return false
		}
	}
	return i == len(s) || s[i] == ':' && isDigits(s[i+1:])
}

func isDigits[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// parseLength reads a Content-Length: digits and nothing else, at most 2^63-1.
func parseLength[T string | []byte](s T) (n int64, ok bool) {
	if len(s) == 0 || !isDigits(s) {
		return 0, false
	}
	for i := range len(s) {
		d := int64(s[i] - '0')
		if n > (1<<63-1-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, true
}

// is reports whether b equals lower, a name in lower case, without regard to case. b must be free of controls: then
// setting the bit for lower case makes nothing equal to a letter or a hyphen that is not.
func is(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i := range len(lower) {
		if b[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}

// trimSpace removes the OWS around a field value (RFC 9110 §5.6.3).
func trimSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// elements yields the members of a comma-separated list (RFC 9110 §5.6.1), trimmed, the empty ones left out.
func elements(b []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for more := true; more; {
			var e []byte
			e, b, more = bytes.Cut(b, []byte{','})
			if e = trimSpace(e); len(e) > 0 && !yield(e) {
				return
			}
		}
	}
}

func unhex(c byte) (v uint64, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return uint64(c - '0'), true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return uint64(c|0x20-'a') + 10, true
	}
	return 0, false
}
