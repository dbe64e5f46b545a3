package etag

import (
	"net/http"
	"strings"
	"time"
)

// maxTags bounds the tags that one request may name. Browsers name one; a client
// that names more than this gains nothing, and each costs a comparison per poll.
const maxTags = 64

// A Condition holds the preconditions of a request that a cache may evaluate
// itself (RFC 9111 §4.3.2): If-None-Match and If-Modified-Since. The zero
// Condition asks nothing. It is a value, safe to copy and to share.
type Condition struct {
	list          string    // If-None-Match, its field lines combined (RFC 9110 §5.3)
	present       bool      // If-None-Match was sent, were it empty
	any           bool      // list is `*`
	bare          bool      // list is one tag without quotes
	malformed     bool      // list is none of what RFC 9110 §13.1.2 allows
	count         int       // tags in list
	modifiedSince time.Time // zero when absent or to be ignored
}

// ParseCondition reads the preconditions in the header h of a GET or HEAD
// request. It does not allocate when If-None-Match stands in one field line.
//
// If-Modified-Since is taken for absent where RFC 9110 §13.1.3 has it ignored:
// beside If-None-Match, repeated, or not an HTTP-date.
func ParseCondition(h http.Header) Condition {
	switch lines := h["If-None-Match"]; len(lines) {
	case 0:
		return Condition{modifiedSince: modifiedSince(h)}
	case 1:
		return parseNoneMatch(lines[0])
	default:
		return parseNoneMatch(strings.Join(lines, ", "))
	}
}

// modifiedSince returns the date of If-Modified-Since, or the zero time.
func modifiedSince(h http.Header) time.Time {
	lines := h["If-Modified-Since"]
	if len(lines) != 1 {
		return time.Time{}
	}
	return parseDate(lines[0])
}

// parseDate returns the zero time for what is not an HTTP-date (RFC 9110 §5.6.7).
func parseDate(s string) time.Time {
	t, err := http.ParseTime(trim(s))
	if err != nil {
		return time.Time{}
	}
	return t
}

// parseNoneMatch validates list once, so that the later walks over it need not.
func parseNoneMatch(list string) Condition {
	c := Condition{list: trim(list), present: true}
	if c.list == "*" {
		c.any = true
		return c
	}
	if isBare(c.list) {
		c.bare, c.count = true, 1
		return c
	}
	for rest := c.list; ; c.count++ {
		tag, next, ok := nextTag(rest)
		if !ok || tag != "" && c.count == maxTags {
			return Condition{present: true, malformed: true}
		}
		if tag == "" {
			return c
		}
		rest = next
	}
}

// None reports that the request asked nothing conditional: it must never be
// answered with a 304.
func (c Condition) None() bool { return !c.present && c.modifiedSince.IsZero() }

// Any reports whether the request has `If-None-Match: *`.
func (c Condition) Any() bool { return c.any }

// Malformed reports whether If-None-Match cannot be relied upon: it is not the
// list of tags or the `*` of RFC 9110 §13.1.2, or names more than 64 tags. Such a
// Condition has no Tags and matches nothing; only the upstream can judge it.
func (c Condition) Malformed() bool { return c.malformed }

// Tags returns the tags of If-None-Match in order, byte for byte; none for `*`.
// There are at most 64.
func (c Condition) Tags() []Tag {
	if c.count == 0 {
		return nil
	}
	tags := make([]Tag, 0, c.count)
	for t := range c.all {
		tags = append(tags, t)
	}
	return tags
}

// Matches reports whether If-None-Match names t, by weak comparison (RFC 9110
// §13.1.2). `*` matches every tag; nothing matches the empty one.
func (c Condition) Matches(t Tag) bool {
	if t == "" || c.any {
		return t != ""
	}
	if c.list == string(t) { // what browsers send: the tag that they were given
		return true
	}
	for named := range c.all {
		if WeakEqual(named, t) {
			return true
		}
	}
	return false
}

// NotModified reports whether a stored response with tag t and Last-Modified
// field lastModified answers the request with 304 (RFC 9110 §13.2.2, RFC 9111
// §4.3.2). If-None-Match decides where it was sent, else If-Modified-Since
// against lastModified, where both are dates. lastModified may be empty.
func (c Condition) NotModified(t Tag, lastModified string) bool {
	if c.present {
		return c.Matches(t)
	}
	if c.modifiedSince.IsZero() {
		return false
	}
	modified := parseDate(lastModified)
	return !modified.IsZero() && !modified.After(c.modifiedSince)
}

// all yields the tags of the list, which parseNoneMatch has found well-formed.
func (c Condition) all(yield func(Tag) bool) {
	if c.bare {
		yield(Tag(c.list))
		return
	}
	for rest := c.list; !c.any; {
		tag, next, _ := nextTag(rest)
		if tag == "" || !yield(tag) {
			return
		}
		rest = next
	}
}
