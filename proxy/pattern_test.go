package proxy

import (
	"strings"
	"testing"
)

func TestPatternsMatchWholeSegments(t *testing.T) {
	tests := []struct {
		pattern, path string
		want          bool
	}{
		{"/**/-/issues/*/realtime_changes", "/g/p/-/issues/1/realtime_changes", true},
		{"/**/-/issues/*/realtime_changes", "/a/b/c/d/-/issues/1/realtime_changes", true},
		{"/**/-/issues/*/realtime_changes", "/-/issues/1/realtime_changes", true},
		{"/**/-/issues/*/realtime_changes", "/g/p/-/issues/1/2/realtime_changes", false},
		{"/**/-/issues/*/realtime_changes", "/g/p/-/issues//realtime_changes", false},
		{"/**/-/issues/*/realtime_changes", "/g/p/-/issues/1/realtime_changes/", false},
		{"/**/-/issues/*/realtime_changes", "/g/p/-/issues/1/realtime_changes.json", false},
		{"/**/-/issues/*/realtime_changes", "/g/-/issues/1/x/-/issues/2/realtime_changes", true},
		{"/**", "/", true},
		{"/**", "/a/b/", true},
		{"/", "/", true},
		{"/", "/a", false},
		{"/*", "/", false},
		{"/*", "/a", true},
		{"/*", "/a/", false},
		{"/a/**", "/a", true},
		{"/a/**", "/a/", true},
		{"/a/**", "/ab", false},
		{"/a/**/**/b", "/a/b", true},
		{"/a/**/b/**/c", "/a/x/b/y/b/z/c", true},
		{"/a/**/b/**/c", "/a/x/c/y/b", false},
		{"/jobs/*.json", "/jobs/1.json", true},
		{"/jobs/*.json", "/jobs/.json", true},
		{"/jobs/*.json", "/jobs/1.jsonp", false},
		{"/jobs/*.json", "/jobs/1/2.json", false},
		{"/jobs/a*b*c", "/jobs/axxbyybzzc", true},
		{"/{group}/-/{id}", "/g/-/1", true},
		{"/{group}/-/{id}", "/g/-/", false},
		{"/a?c", "/abc", false},
		{"/a[b]c", "/abc", false},
		{"/a[b]c*", "/a[b]cd", true},
		{`/a[b`, "/a[b", true},
		{"/caf\u00e9", "/caf%C3%A9", true},
		{"/a b", "/a%20b", true},
		{"/A", "/a", false},
	}
	for _, test := range tests {
		p, err := parsePattern(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		segments := split(test.path)
		if got := segments != nil && p.matches(segments); got != test.want {
			t.Errorf("%s covers %s: got %v, want %v", test.pattern, test.path, got, test.want)
		}
	}
}

func TestPatternsBeginAtTheRoot(t *testing.T) {
	for _, s := range []string{"", "a", "*", "**/a"} {
		if _, err := parsePattern(s); err == nil {
			t.Errorf("pattern %q is accepted", s)
		}
	}
}

// TestPathsThatCanBeReadInTwoWaysMatchNoRoute: each of these is a way to have
// one server see a public document where the next one sees a private page.
func TestPathsThatCanBeReadInTwoWaysMatchNoRoute(t *testing.T) {
	p, err := parsePattern("/**")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"", "*", "a", "//", "//a", "/a//b", "/.", "/..", "/a/./b", "/a/../b", "/a/..", "/%2e", "/%2E%2e/a", "/a/.%2e/b",
		"/a%2fb", "/a%2Fb", "/a%5cb", `/a\b`, "/a%", "/a%z0", "/a%0", "/a%00", "/a%0ab", "/a%0d", "/a%7f", "/a\tb", "/a\x00",
		"/public/..;/me", "/public/..;a=b/me", "/me;x.json", "/me%3bx.json", "/me%3Fx.json", "/me%23x.json", "/me#x.json",
		"/public/%252e%252e/me", "/public/%252fme", "/a%25", "/%c0%ae%c0%ae/a", "/%ff", "/a\xff",
	} {
		if segments := split(path); segments != nil && p.matches(segments) {
			t.Errorf("path %q matches a route", path)
		}
	}
	for _, path := range []string{"/", "/a/", "/a.b/...", "/.a", "/a..", "/a%20b", "/caf%C3%A9", "/a:b@c,d=e+f&g!$'()*~", `/a"b<c>`, "/%41"} {
		if segments := split(path); segments == nil || !p.matches(segments) {
			t.Errorf("path %q matches no route", path)
		}
	}
}

func FuzzPatternMatchesLikeAPlainOne(f *testing.F) {
	for _, seed := range [][2]string{
		{"/**/-/issues/*/x", "/a/b/-/issues/1/x"}, {"/a/**/b/**/c", "/a/b/c/b/c"}, {"/*a*b*", "/xaybz"}, {"/**", "/"}, {"/[a]?", "/[a]?"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, path string) {
		if len(pattern) > 24 || len(path) > 48 || strings.ContainsAny(pattern, `\{}%`) {
			t.Skip("the plain matcher takes exponential time; escapes and names are in the tables")
		}
		p, err := parsePattern(pattern)
		segments := split(path)
		if err != nil || segments == nil {
			return
		}
		if got, want := p.matches(segments), plainMatch(strings.Split(pattern[1:], "/"), segments); got != want {
			t.Errorf("%q covers %q: got %v, want %v", pattern, segments, got, want)
		}
	})
}

// plainMatch is the definition of a pattern, written down.
func plainMatch(pattern, segments []string) bool {
	switch {
	case len(pattern) == 0:
		return len(segments) == 0
	case pattern[0] == "**":
		return plainMatch(pattern[1:], segments) || len(segments) > 0 && plainMatch(pattern, segments[1:])
	case len(segments) == 0 || pattern[0] == "*" && segments[0] == "":
		return false
	}
	return plainGlob(pattern[0], segments[0]) && plainMatch(pattern[1:], segments[1:])
}

func plainGlob(pattern, s string) bool {
	switch {
	case pattern == "":
		return s == ""
	case pattern[0] == '*':
		return plainGlob(pattern[1:], s) || s != "" && plainGlob(pattern, s[1:])
	}
	return s != "" && s[0] == pattern[0] && plainGlob(pattern[1:], s[1:])
}
