package etag_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/etag"
)

func noneMatch(lines ...string) http.Header { return http.Header{"If-None-Match": lines} }

func TestIfNoneMatchIsParsedByRFC9110(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		want  []etag.Tag
	}{
		{"one strong tag (§13.1.2)", []string{`"xyzzy"`}, []etag.Tag{`"xyzzy"`}},
		{"one weak tag", []string{`W/"xyzzy"`}, []etag.Tag{`W/"xyzzy"`}},
		{"a list", []string{`"xyzzy", "r2d2xxxx", "c3piozzzz"`}, []etag.Tag{`"xyzzy"`, `"r2d2xxxx"`, `"c3piozzzz"`}},
		{"a weak list", []string{`W/"xyzzy", W/"r2d2xxxx"`}, []etag.Tag{`W/"xyzzy"`, `W/"r2d2xxxx"`}},
		{"a list without spaces (§5.6.1)", []string{`"a",W/"b","c"`}, []etag.Tag{`"a"`, `W/"b"`, `"c"`}},
		{"empty list elements (§5.6.1.2)", []string{`, "a" ,, ,"b",`}, []etag.Tag{`"a"`, `"b"`}},
		{"tabs", []string{"\t\"a\"\t,\t\"b\""}, []etag.Tag{`"a"`, `"b"`}},
		{"several field lines (§5.3)", []string{`"a", "b"`, `W/"c"`}, []etag.Tag{`"a"`, `"b"`, `W/"c"`}},
		{"commas within a tag", []string{`"a,b", "c"`}, []etag.Tag{`"a,b"`, `"c"`}},
		{"the same tag twice", []string{`"a", "a"`}, []etag.Tag{`"a"`, `"a"`}},
		{"one tag without quotes", []string{`5f3a`}, []etag.Tag{`5f3a`}},
		{"nothing at all", []string{``}, nil},
		{"only commas", []string{`, ,`}, nil},
	}
	for _, test := range tests {
		c := etag.ParseCondition(noneMatch(test.lines...))
		if got := c.Tags(); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q has tags %q, want %q", test.name, test.lines, got, test.want)
		}
		if c.Malformed() || c.Any() || c.None() {
			t.Errorf("%s: %q: malformed %v, any %v, none %v; want false", test.name, test.lines, c.Malformed(), c.Any(), c.None())
		}
	}
}

func TestMalformedIfNoneMatchMatchesNothing(t *testing.T) {
	lists := [][]string{
		{`"a`},
		{`a"`},
		{`"a" "b"`},
		{`"a";"b"`},
		{`"a", b`},
		{`a, b`},
		{`*, "a"`},
		{`"a", *`},
		{`*`, `*`},
		{`*`, `"a"`},
		{`w/"a"`},
		{`W /"a"`},
		{`W/`, `"a"`},
		{"\"a\x7f\""},
		{strings.Repeat(`"a",`, 65)},
	}
	for _, lines := range lists {
		c := etag.ParseCondition(noneMatch(lines...))
		if !c.Malformed() {
			t.Errorf("%.40q is taken for well-formed", lines)
		}
		if c.None() {
			t.Errorf("%.40q is taken for no condition at all", lines)
		}
		if tags := c.Tags(); tags != nil {
			t.Errorf("%.40q has tags %q, want none", lines, tags)
		}
		if c.Any() || c.Matches(`"a"`) || c.NotModified(`"a"`, "") {
			t.Errorf("%.40q matches", lines)
		}
	}
}

func TestSixtyFourTagsAreTheMost(t *testing.T) {
	var list []string
	for i := range 65 {
		list = append(list, fmt.Sprintf(`"%d"`, i))
	}
	c := etag.ParseCondition(noneMatch(strings.Join(list[:64], ", ")))
	if got := len(c.Tags()); c.Malformed() || got != 64 {
		t.Errorf("64 tags: got %d, malformed %v; want 64, false", got, c.Malformed())
	}
	if !c.Matches(`"63"`) {
		t.Error("the last of 64 tags does not match")
	}
	if c := etag.ParseCondition(noneMatch(list...)); !c.Malformed() {
		t.Error("65 tags over several field lines are taken for well-formed")
	}
}

func TestMatchingIsWeak(t *testing.T) {
	tests := []struct {
		list string
		tag  etag.Tag
		want bool
	}{
		{`"a"`, `"a"`, true},
		{`"a"`, `W/"a"`, true},
		{`W/"a"`, `"a"`, true},
		{`W/"a"`, `W/"a"`, true},
		{`"a"`, `"b"`, false},
		{`"x", W/"a", "y"`, `"a"`, true},
		{`"x", W/"a", "y"`, `"z"`, false},
		{`*`, `"a"`, true},
		{`*`, ``, false},
		{`"a"`, ``, false},
		{`""`, ``, false},
		{``, ``, false},
		{``, `"a"`, false},
		{`5f3a`, `5f3a`, true},
		{`5f3a`, `"5f3a"`, false},
		{`"5f3a"`, `5f3a`, false},
		{`"a-gzip"`, `"a"`, false},
	}
	for _, test := range tests {
		c := etag.ParseCondition(noneMatch(test.list))
		if got := c.Matches(test.tag); got != test.want {
			t.Errorf("If-None-Match: %s matches %q: got %v, want %v", test.list, test.tag, got, test.want)
		}
	}
}

func TestAStarIsAnyTag(t *testing.T) {
	c := etag.ParseCondition(noneMatch(" * "))
	if !c.Any() || c.None() || c.Malformed() || c.Tags() != nil {
		t.Errorf("any %v, none %v, malformed %v, tags %q; want true, false, false, none", c.Any(), c.None(), c.Malformed(), c.Tags())
	}
}

func TestNotModifiedFollowsThePrecedenceOfRFC9110(t *testing.T) {
	const (
		before = "Sun, 06 Nov 1994 08:49:36 GMT"
		date   = "Sun, 06 Nov 1994 08:49:37 GMT"
		after  = "Sun, 06 Nov 1994 08:49:38 GMT"
	)
	tests := []struct {
		name         string
		noneMatch    []string
		since        []string
		lastModified string
		want         bool
	}{
		{"nothing asked", nil, nil, date, false},
		{"tag matches (§13.1.2)", []string{`"a"`}, nil, "", true},
		{"tag differs", []string{`"b"`}, nil, "", false},
		{"tag matches, date does not: the tag decides (§13.2.2)", []string{`"a"`}, []string{before}, date, true},
		{"tag differs, date matches: the tag decides", []string{`"b"`}, []string{date}, date, false},
		{"empty If-None-Match still decides", []string{``}, []string{date}, date, false},
		{"malformed If-None-Match still decides", []string{`"a`}, []string{date}, date, false},
		{"not modified since (§13.1.3)", nil, []string{date}, date, true},
		{"modified long before", nil, []string{after}, before, true},
		{"modified since", nil, []string{before}, date, false},
		{"obsolete formats of a date (§5.6.7)", nil, []string{"Sunday, 06-Nov-94 08:49:37 GMT"}, "Sun Nov  6 08:49:37 1994", true},
		{"nothing known of the last modification", nil, []string{date}, "", false},
		{"a last modification that is no date", nil, []string{date}, "yesterday", false},
		{"not a date: ignored", nil, []string{"yesterday"}, date, false},
		{"a number: ignored", nil, []string{"784111777"}, date, false},
		{"repeated: ignored", nil, []string{date, date}, date, false},
	}
	for _, test := range tests {
		h := http.Header{}
		if test.noneMatch != nil {
			h["If-None-Match"] = test.noneMatch
		}
		if test.since != nil {
			h["If-Modified-Since"] = test.since
		}
		if got := etag.ParseCondition(h).NotModified(`"a"`, test.lastModified); got != test.want {
			t.Errorf("%s: NotModified = %v, want %v", test.name, got, test.want)
		}
	}
}

func TestIgnoredConditionsAreNone(t *testing.T) {
	tests := map[string]struct {
		header http.Header
		want   bool
	}{
		"no header":              {nil, true},
		"other fields":           {http.Header{"If-Match": {`"a"`}, "Accept": {"*/*"}}, true},
		"not a date":             {http.Header{"If-Modified-Since": {"yesterday"}}, true},
		"a date":                 {http.Header{"If-Modified-Since": {"Sun, 06 Nov 1994 08:49:37 GMT"}}, false},
		"a tag":                  {noneMatch(`"a"`), false},
		"an empty If-None-Match": {noneMatch(""), false},
	}
	for name, test := range tests {
		if got := etag.ParseCondition(test.header).None(); got != test.want {
			t.Errorf("%s: None() = %v, want %v", name, got, test.want)
		}
	}
	if !(etag.Condition{}).None() {
		t.Error("the zero Condition asks something")
	}
}

// A Condition outlives the header that it was parsed from: proxies change headers.
func TestAConditionDoesNotChangeWithItsHeader(t *testing.T) {
	h := noneMatch(`"a"`)
	c := etag.ParseCondition(h)
	h["If-None-Match"][0] = `"b"`
	if !c.Matches(`"a"`) || c.Matches(`"b"`) {
		t.Error("the Condition changed with the header")
	}
}

// Every poll is parsed; one that is answered from memory pays for little else.
func TestPollsAreParsedWithoutAllocating(t *testing.T) {
	const tag = `W/"0123456789abcdef0123456789abcdef"`
	headers := map[string]http.Header{
		"none":                 {},
		"one weak tag":         noneMatch(tag),
		"a list in one line":   noneMatch(`"a", "b", ` + tag),
		"a date":               {"If-Modified-Since": {"Sun, 06 Nov 1994 08:49:37 GMT"}},
		"a tag without quotes": noneMatch("5f3a"),
	}
	for name, h := range headers {
		allocs := testing.AllocsPerRun(100, func() {
			c := etag.ParseCondition(h)
			c.NotModified(tag, "Sun, 06 Nov 1994 08:49:37 GMT")
		})
		if allocs != 0 {
			t.Errorf("%s: got %v allocations, want 0", name, allocs)
		}
	}
}

func FuzzParseCondition(f *testing.F) {
	f.Add(`"a"`, `W/"b", "c,d"`)
	f.Add(`*`, ``)
	f.Add(`5f3a`, `"`)
	f.Add("\t,, \"a b\" ,", "W/\"\xff\"")
	f.Fuzz(func(t *testing.T, first, second string) {
		for _, lines := range [][]string{{first}, {first, second}} {
			checkCondition(t, lines)
		}
	})
}

// checkCondition holds what is true of the Condition of any If-None-Match at all.
func checkCondition(t *testing.T, lines []string) {
	c := etag.ParseCondition(noneMatch(lines...))
	tags := c.Tags()
	if c.None() {
		t.Fatalf("%q: sent, but none", lines)
	}
	if (c.Malformed() || c.Any()) && len(tags) > 0 || len(tags) > 64 {
		t.Fatalf("%q: malformed %v, any %v, %d tags", lines, c.Malformed(), c.Any(), len(tags))
	}
	rest := strings.Join(lines, ", ")
	for _, tag := range tags {
		_, after, found := strings.Cut(rest, string(tag))
		if !found {
			t.Fatalf("%q: tag %q is not there, or not in order", lines, tag)
		}
		if !c.Matches(tag) || !c.NotModified(tag, "") {
			t.Fatalf("%q: does not match its own tag %q", lines, tag)
		}
		if got := etag.Of(http.Header{"Etag": {string(tag)}}); got != tag {
			t.Fatalf("%q: as a response's ETag, %q is read as %q", lines, tag, got)
		}
		rest = after
	}
	if c.Matches("") {
		t.Fatalf("%q: matches the empty tag", lines)
	}
}

func BenchmarkParseOneTag(b *testing.B) {
	h := noneMatch(`W/"0123456789abcdef0123456789abcdef"`)
	b.ReportAllocs()
	for b.Loop() {
		if !etag.ParseCondition(h).Matches(`W/"0123456789abcdef0123456789abcdef"`) {
			b.Fatal("does not match")
		}
	}
}
