package etag_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/etag"
)

func TestOfKeepsATagExactlyAsItStoodOnTheWire(t *testing.T) {
	tests := []struct {
		name  string
		field []string
		want  etag.Tag
	}{
		{"strong (RFC 9110 §8.8.3)", []string{`"xyzzy"`}, `"xyzzy"`},
		{"weak", []string{`W/"xyzzy"`}, `W/"xyzzy"`},
		{"empty opaque tag", []string{`""`}, `""`},
		{"GitLab's", []string{`W/"0123456789abcdef0123456789abcdef"`}, `W/"0123456789abcdef0123456789abcdef"`},
		{"with a suffix that a gzip layer added", []string{`W/"xyzzy-gzip"`}, `W/"xyzzy-gzip"`},
		{"with a comma, which is an etagc", []string{`"a,b"`}, `"a,b"`},
		{"with a backslash, which escapes nothing", []string{`"a\"`}, `"a\"`},
		{"with obs-text", []string{"\"caf\xe9\""}, "\"caf\xe9\""},
		{"with a space, as in RFC 2616", []string{`"Sun, 06 Nov 1994"`}, `"Sun, 06 Nov 1994"`},
		{"with optional whitespace around", []string{" \t\"x\" "}, `"x"`},
		{"without quotes", []string{`5f3a`}, `5f3a`},
		{"absent", nil, ""},
		{"empty", []string{""}, ""},
		{"repeated, even if equal", []string{`"x"`, `"x"`}, ""},
		{"a list", []string{`"x", "y"`}, ""},
		{"the star, which would match everything upstream", []string{"*"}, ""},
		{"without quotes and with a comma", []string{"a,b"}, ""},
		{"with one quote", []string{`"x`}, ""},
		{"with a quote inside", []string{`"x"y"`}, ""},
		{"weak in lower case", []string{`w/"x"`}, ""},
		{"with a control character", []string{"\"x\x00\""}, ""},
	}
	for _, test := range tests {
		h := http.Header{}
		if test.field != nil {
			h["Etag"] = test.field
		}
		if got := etag.Of(h); got != test.want {
			t.Errorf("%s: Of(%q) = %q, want %q", test.name, test.field, got, test.want)
		}
	}
}

// The table of RFC 9110 §8.8.3.2, and what it does not speak of.
func TestComparisonsFollowRFC9110(t *testing.T) {
	tests := []struct {
		a, b         etag.Tag
		strong, weak bool
	}{
		{`W/"1"`, `W/"1"`, false, true},
		{`W/"1"`, `W/"2"`, false, false},
		{`W/"1"`, `"1"`, false, true},
		{`"1"`, `"1"`, true, true},
		{`"1"`, `"2"`, false, false},
		{"", "", false, false},
		{`"1"`, "", false, false},
		{`""`, `""`, true, true},
		{`"a"`, `"A"`, false, false},
		{`1`, `1`, true, true},
		{`1`, `"1"`, false, false},
		{`W/1`, `1`, false, false},
		{`W/1`, `"1"`, false, false},
	}
	for _, test := range tests {
		for _, pair := range [][2]etag.Tag{{test.a, test.b}, {test.b, test.a}} {
			if got := etag.StrongEqual(pair[0], pair[1]); got != test.strong {
				t.Errorf("StrongEqual(%q, %q) = %v, want %v", pair[0], pair[1], got, test.strong)
			}
			if got := etag.WeakEqual(pair[0], pair[1]); got != test.weak {
				t.Errorf("WeakEqual(%q, %q) = %v, want %v", pair[0], pair[1], got, test.weak)
			}
		}
	}
}

func TestOnlyATagWithItsMarkIsWeak(t *testing.T) {
	tests := map[etag.Tag]bool{`W/"x"`: true, `"x"`: false, `"W/x"`: false, `W/x`: false, "": false}
	for tag, want := range tests {
		if got := tag.Weak(); got != want {
			t.Errorf("%q.Weak() = %v, want %v", tag, got, want)
		}
	}
}

// Every instance of a fleet, of whatever version, must compute the same tag, or
// clients refetch each time that they reach another one.
func TestFromBodyIsTheSameEverywhere(t *testing.T) {
	tests := map[string]etag.Tag{
		"":    `"e3b0c44298fc1c149afbf4c8996fb924"`,
		"abc": `"ba7816bf8f01cfea414140de5dae2223"`,
	}
	for body, want := range tests {
		if got := etag.FromBody([]byte(body)); got != want {
			t.Errorf("FromBody(%q) = %q, want %q", body, got, want)
		}
	}
}

func TestFromBodyIsAStrongTagOfItsBodyAlone(t *testing.T) {
	a, b := etag.FromBody([]byte("a")), etag.FromBody([]byte("b"))
	if a.Weak() || !strings.HasPrefix(string(a), `"`) {
		t.Errorf("FromBody = %q, want a strong tag", a)
	}
	if etag.WeakEqual(a, b) {
		t.Errorf("different bodies have the same tag %q", a)
	}
	if got := etag.Of(http.Header{"Etag": {string(a)}}); got != a {
		t.Errorf("sent and read again: got %q, want %q", got, a)
	}
}
