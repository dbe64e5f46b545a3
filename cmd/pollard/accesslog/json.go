package accesslog

import "bytes"

// A text walks over one JSON value. It checks as much as it needs to find its
// way: where fields begin and end, not whether a number that nobody asked for
// is one.
type text struct {
	b   []byte
	i   int
	buf []byte // holds strings that had escapes
}

// next skips white space and returns the byte there, 0 at the end.
func (t *text) next() byte {
	for t.i < len(t.b) {
		switch c := t.b[t.i]; c {
		case ' ', '\t', '\r':
			t.i++
		default:
			return c
		}
	}
	return 0
}

// take skips white space and one byte, which must be c.
func (t *text) take(c byte) bool {
	if t.next() != c {
		return false
	}
	t.i++
	return true
}

// key reads the name of a member and its colon. It undoes no escapes: no name
// that anybody asks for needs one.
func (t *text) key() (name []byte, ok bool) {
	name, ok = t.raw()
	return name, ok && t.take(':')
}

// raw reads a string as it stands.
func (t *text) raw() ([]byte, bool) {
	if !t.take('"') {
		return nil, false
	}
	start := t.i
	if !t.skipString() {
		return nil, false
	}
	return t.b[start : t.i-1], true
}

// string reads a string and undoes its escapes. The bytes stay as they are until
// the text is reset.
func (t *text) string() ([]byte, bool) {
	raw, ok := t.raw()
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw, ok
	}
	from := len(t.buf)
	t.buf = appendUnescaped(t.buf, raw)
	return t.buf[from:len(t.buf):len(t.buf)], true
}

// skipString goes behind the closing quote.
func (t *text) skipString() bool {
	for {
		i := bytes.IndexByte(t.b[t.i:], '"')
		if i < 0 {
			return false
		}
		t.i += i + 1
		if !isEscaped(t.b, t.i-1) {
			return true
		}
	}
}

// skip goes behind a value of any kind.
func (t *text) skip() bool {
	switch t.next() {
	case '"':
		t.i++
		return t.skipString()
	case '{', '[':
		return t.skipNested()
	}
	return len(t.word()) > 0
}

// skipNested goes behind an object or array by counting brackets.
func (t *text) skipNested() bool {
	depth := 0
	for t.i < len(t.b) {
		c := t.b[t.i]
		t.i++
		switch c {
		case '"':
			if !t.skipString() {
				return false
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return true
			}
		}
	}
	return false
}

// word reads a number, true, false or null.
func (t *text) word() []byte {
	start := t.i
	for t.i < len(t.b) && isWord(t.b[t.i]) {
		t.i++
	}
	return t.b[start:t.i]
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '-' || c == '.' || c == '+' || c == 'E'
}

// each walks over the members of an object or, without names, the elements of an
// array. visit must go behind the value.
func (t *text) each(opening byte, visit func(name []byte) bool) bool {
	closing := opening + 2 // in ASCII, of both kinds
	if !t.take(opening) {
		return false
	}
	if t.take(closing) {
		return true
	}
	for {
		var name []byte
		if opening == '{' {
			var ok bool
			if name, ok = t.key(); !ok {
				return false
			}
		}
		if !visit(name) {
			return false
		}
		if t.take(closing) {
			return true
		}
		if !t.take(',') {
			return false
		}
	}
}
