package etag

import "strings"

// tagLen returns the length of the entity tag (RFC 9110 §8.8.3) that s begins
// with, or 0 when s begins with none. `W` is case-sensitive; a backslash escapes
// nothing. A space within the quotes is let pass, as RFC 2616 §3.11 did: the tag
// stays unambiguous, and upstreams that make tags from dates have them.
func tagLen(s string) int {
	i := 0
	if strings.HasPrefix(s, "W/") {
		i = len("W/")
	}
	if i == len(s) || s[i] != '"' {
		return 0
	}
	for i++; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return i + 1
		case !isTagByte(c) && c != ' ':
			return 0
		}
	}
	return 0
}

// isTagByte reports whether c is an etagc: any visible byte but the quote.
func isTagByte(c byte) bool { return c > ' ' && c != '"' && c != 0x7f }

// isBare reports whether s can be told apart as a tag even though it has no
// quotes. `*` cannot: in If-None-Match it means every tag. Neither can what holds
// a comma, which separates.
func isBare(s string) bool {
	if s == "" || s == "*" {
		return false
	}
	for i := range len(s) {
		if !isTagByte(s[i]) || s[i] == ',' {
			return false
		}
	}
	return true
}

// trim removes optional whitespace (RFC 9110 §5.6.3) around s.
func trim(s string) string { return strings.Trim(s, " \t") }

// nextTag cuts the first tag off the list s (RFC 9110 §5.6.1: empty elements
// count for nothing). At the end of the list it returns "", "", true; at an
// element that is no tag, ok is false.
func nextTag(s string) (tag Tag, rest string, ok bool) {
	s = strings.TrimLeft(s, " \t,")
	if s == "" {
		return "", "", true
	}
	n := tagLen(s)
	if n == 0 {
		return "", "", false
	}
	rest = strings.TrimLeft(s[n:], " \t")
	if rest != "" && rest[0] != ',' {
		return "", "", false
	}
	return Tag(s[:n]), rest, true
}
