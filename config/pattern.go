package config

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// routeName is the label of a route. It is "other" for nobody: that is what
// matched no route.
func routeName() kind[string] {
	const max = 64
	parse := func(s string) (string, error) {
		switch {
		case s == "" || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" || len(s) > max:
			return "", errors.New("is not a route name; want 1 to 64 of a-z, 0-9 and _, such as issue_changes")
		case s == "other":
			return "", errors.New("is the name of what matches no route; want another")
		}
		return s, nil
	}
	return kind[string]{name: "name", example: "issue_changes", bounds: "1 to 64 of a-z, 0-9 and _, unique, not other", form: quoted, parse: parse}
}

// pattern is a path in which * is one segment or a run of characters in one,
// ** any number of segments, none included, and {name} a segment with a name.
// It is compared with the segments of the path after percent-decoding, so it is
// written decoded, and holds no segment that would match no route: paths with
// empty segments, dot segments or encoded slashes are left to the upstream.
func pattern() kind[string] {
	parse := func(s string) (string, error) { return s, checkPattern(s) }
	return kind[string]{name: "pattern", example: `"/**/-/issues/*/changes"`, form: quoted, parse: parse}
}

func checkPattern(s string) error {
	if !strings.HasPrefix(s, "/") {
		return errors.New(`is not a pattern; want a path that begins with /, such as "/**/-/issues/*/changes"`)
	}
	segments := strings.Split(s[1:], "/")
	named := map[string]bool{}
	for i, segment := range segments {
		isLast := i == len(segments)-1
		if segment == "" && !isLast {
			return errors.New("has an empty segment (//), which matches no route")
		}
		if err := checkSegment(segment); err != nil {
			return err
		}
		if name := nameIn(segment); name != "" && named[name] {
			return errors.New("has two segments of the same name")
		} else {
			named[name] = true
		}
	}
	return nil
}

func checkSegment(s string) error {
	switch {
	case s == "." || s == "..":
		return errors.New("has a dot segment, which matches no route")
	case s == "**":
		return nil
	case strings.Contains(s, "**"):
		return errors.New("has ** beside other characters; ** stands for whole segments, * for a part of one")
	case strings.ContainsAny(s, "{}"):
		return checkNamed(s)
	case strings.ContainsAny(s, "?#"):
		return errors.New("has a query or a fragment; a pattern is compared with the path alone")
	case strings.Contains(s, "%"):
		return errors.New("is percent-encoded; write the character itself, or * for it")
	case strings.ContainsFunc(s, isUnmatchable):
		return errors.New("has a backslash or a character that cannot be seen; such paths match no route")
	}
	return nil
}

func checkNamed(s string) error {
	name := nameIn(s)
	before, after, _ := strings.Cut(s, "{"+name+"}")
	switch {
	case name == "" || strings.ContainsAny(before+after, "{}") || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "":
		return errors.New("has braces that are not one named segment, or a part of one; want a name such as {id}, of a-z, 0-9 and _")
	case strings.Contains(before, "*"):
		return errors.New("has a * before a name in one segment: where the name begins could not be told")
	}
	return checkSegment(before + after)
}

// nameIn returns the name in a segment, "" if there is none.
func nameIn(s string) string {
	_, rest, _ := strings.Cut(s, "{")
	name, _, _ := strings.Cut(rest, "}")
	return name
}

func isUnmatchable(r rune) bool {
	return r == '\\' || r == utf8.RuneError || !unicode.IsPrint(r)
}

// endpoint is "METHOD /pattern".
func endpoint() kind[Endpoint] {
	parse := func(s string) (Endpoint, error) {
		method, path, _ := strings.Cut(s, " ")
		if !isToken(method) || method != strings.ToUpper(method) || path == "" {
			return Endpoint{}, errors.New(`is not a method and a pattern; want both, the method in capitals, such as "POST /users/sign_out"`)
		}
		return Endpoint{Method: method, Path: path}, checkPattern(path)
	}
	return kind[Endpoint]{name: "method and pattern", example: `"POST /users/sign_out"`, form: quoted, parse: parse}
}
