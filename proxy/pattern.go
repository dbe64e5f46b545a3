package proxy

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// pattern matches paths: `*` stands for one segment or, inside of one, for any
// run of characters, `**` for any number of segments, `{name}` for one segment or,
// inside of one, for some characters.
type pattern struct{ segments []string }

func parsePattern(s string) (pattern, error) {
	if !strings.HasPrefix(s, "/") {
		return pattern{}, fmt.Errorf("pattern %q does not begin with /", s)
	}
	segments := strings.Split(s[1:], "/")
	for i, segment := range segments {
		segments[i] = parseSegment(segment)
	}
	return pattern{slices.CompactFunc(segments, func(a, b string) bool { return a == "**" && b == "**" })}, nil
}

// parseSegment turns a segment into what matchSegment compares. A name that is
// only a part of it stands for at least one character.
func parseSegment(s string) string {
	before, rest, found := strings.Cut(s, "{")
	_, after, closed := strings.Cut(rest, "}")
	switch {
	case found && closed && before == "" && after == "":
		return "*"
	case found && closed:
		return literal(before) + "?*" + literal(after)
	}
	return literal(s)
}

// literal takes their meaning from the characters that have one for path.Match,
// but for *.
func literal(s string) string {
	return strings.NewReplacer(`\`, `\\`, `?`, `\?`, `[`, `\[`).Replace(s)
}

// matches reports whether the pattern covers a path, given as its decoded
// segments.
func (p pattern) matches(segments []string) bool { return match(p.segments, segments, nil) }

// span is which segments of a path a segment of a pattern covers.
type span struct{ from, to int }

// match walks both lists; on a mismatch behind a `**` it lets that one cover a
// segment more. Only the last `**` needs to be tried again, so the work is at
// most the product of the lengths. Where spans are given, as many as there are
// segments in the pattern, they are set.
func match(pattern, segments []string, spans []span) bool {
	p, s := 0, 0
	retryP, retryS := -1, 0
	for s < len(segments) {
		switch {
		case p < len(pattern) && pattern[p] == "**":
			retryP, retryS = p, s
			cover(spans, p, s, s)
			p++
		case p < len(pattern) && matchSegment(pattern[p], segments[s]):
			cover(spans, p, s, s+1)
			p, s = p+1, s+1
		case retryP >= 0:
			retryS++
			if spans != nil {
				spans[retryP].to = retryS
			}
			p, s = retryP+1, retryS
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == "**" {
		cover(spans, p, s, s)
		p++
	}
	return p == len(pattern)
}

func cover(spans []span, p, from, to int) {
	if spans != nil {
		spans[p] = span{from, to}
	}
}

func matchSegment(pattern, segment string) bool {
	switch pattern {
	case "*":
		return segment != ""
	case segment:
		return true
	}
	if !strings.ContainsAny(pattern, `*?\`) {
		return false
	}
	ok, err := path.Match(pattern, segment)
	return ok && err == nil
}

// split decodes a raw path into its segments. It refuses, by returning nil,
// what two servers could read differently: dot segments, empty ones, encoded
// slashes, backslashes, bad escapes, control characters, invalid UTF-8, and
// what ends a path or is an escape to those who decode twice. Semicolons are of
// them: to servlet containers "/me;x.json" is "/me", and "..;" is a dot segment.
// Such a path matches no route, or one user's page would pass for a public one.
func split(raw string) []string {
	if !strings.HasPrefix(raw, "/") {
		return nil
	}
	segments := strings.Split(raw[1:], "/")
	for i, segment := range segments {
		if strings.IndexByte(segment, '%') >= 0 {
			decoded, err := url.PathUnescape(segment)
			if err != nil {
				return nil
			}
			segment = decoded
		}
		empty := segment == "" && i < len(segments)-1
		if empty || segment == "." || segment == ".." || strings.ContainsFunc(segment, ambiguous) {
			return nil
		}
		segments[i] = segment
	}
	return segments
}

func ambiguous(r rune) bool {
	switch r {
	case '/', '\\', ';', '?', '#', '%', 0x7f, utf8.RuneError:
		return true
	}
	return r < ' '
}
