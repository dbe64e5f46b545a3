package accesslog

import (
	"unicode/utf16"
	"unicode/utf8"
)

// appendUnescaped undoes the escapes of a JSON string (RFC 8259 §7). What is no
// escape stays as it is.
func appendUnescaped(to, raw []byte) []byte {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' || i+1 == len(raw) {
			to = append(to, raw[i])
			continue
		}
		i++
		if raw[i] != 'u' {
			to = append(to, unescaped(raw[i]))
			continue
		}
		r := codeUnit(raw[i+1:])
		if r < 0 {
			to = append(to, '\\', 'u')
			continue
		}
		i += 4
		if utf16.IsSurrogate(r) && i+2 < len(raw) && raw[i+1] == '\\' && raw[i+2] == 'u' {
			if both := utf16.DecodeRune(r, codeUnit(raw[i+3:])); both != utf8.RuneError {
				r = both
				i += 6
			}
		}
		to = utf8.AppendRune(to, r)
	}
	return to
}

// unescaped returns what a letter behind a backslash stands for.
func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// codeUnit reads four hexadecimal digits, -1 if they are not there.
func codeUnit(b []byte) (r rune) {
	if len(b) < 4 {
		return -1
	}
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case isHex(c):
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return -1
		}
	}
	return r
}
