package proxy

import (
	"slices"
	"testing"

	"github.com/pollard-proxy/pollard/coalescer"
)

func TestIgnoredCookiesSayNothingOfWhoAsks(t *testing.T) {
	a := newAudience(nil, []string{"_ga*", "theme", "sidebar"})
	tests := []struct {
		name  string
		lines []string
		want  []string
	}{
		{"none at all", nil, nil},
		{"all ignored", []string{"_ga=1; _ga_X=2; theme=dark"}, nil},
		{"the rest in order", []string{"_ga=1; sid=a; theme=dark; uid=b"}, []string{"sid=a", "uid=b"}},
		{"without spaces", []string{"_ga=1;sid=a;theme=dark"}, []string{"sid=a"}},
		{"tabs and runs of semicolons", []string{";; _ga=1 ;;\tsid=a ; ;"}, []string{"sid=a"}},
		{"several lines", []string{"_ga=1", "sid=a; theme=x", "sid=b"}, []string{"sid=a", "sid=b"}},
		{"a name that begins like an exact one", []string{"themes=1; them=2; theme=3"}, []string{"themes=1", "them=2"}},
		{"a name that ends like one", []string{"x_ga=1; my_theme=2"}, []string{"x_ga=1", "my_theme=2"}},
		{"another case", []string{"_GA=1; Theme=2"}, []string{"_GA=1", "Theme=2"}},
		{"a value that looks like one", []string{"sid=_ga=1"}, []string{"sid=_ga=1"}},
		{"an equals sign in an ignored value", []string{"theme=a=b; sid=c"}, []string{"sid=c"}},
		{"a space before the equals sign", []string{"theme =1"}, []string{"theme =1"}},
		{"no name", []string{"=theme; ="}, []string{"=theme", "="}},
		{"values in quotes", []string{`_ga="1"; sid="a"; prefs={"x":1}`}, []string{`_ga="1"`, `sid="a"`, `prefs={"x":1}`}},
		{"quotes elsewhere", []string{`_ga=1; sid="a"`}, []string{`sid="a"`}},

		// What follows is one cookie to some servers and two to others.
		{"a semicolon in quotes", []string{`sid="a;_ga=x"`}, []string{`sid="a;_ga=x"`}},
		{"a whole cookie in quotes", []string{`sid="a; _ga=x; b"`}, []string{`sid="a; _ga=x; b"`}},
		{"an escaped quote", []string{`sid="a\"; _ga=x; b"`}, []string{`sid="a\"; _ga=x; b"`}},
		{"an open quote", []string{`sid="a; _ga=x`}, []string{`sid="a; _ga=x`}},
		{"a comma in an ignored value", []string{"_ga=1,sid=a"}, []string{"_ga=1,sid=a"}},
		{"a space in an ignored value", []string{"theme=1 sid=a"}, []string{"theme=1 sid=a"}},
		{"a tab in an ignored value", []string{"theme=1\tsid=a"}, []string{"theme=1\tsid=a"}},
		{"a quote in an ignored value", []string{`_ga=1"x"`}, []string{`_ga=1"x"`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := a.cookies(test.lines); !slices.Equal(got, test.want) {
				t.Errorf("cookies(%q): got %q, want %q", test.lines, got, test.want)
			}
		})
	}
}

// TestIgnoredCookiesAreIgnoredByTheRouteThatSaysSo: also for whether somebody
// is anonymous.
func TestIgnoredCookiesAreIgnoredByTheRouteThatSaysSo(t *testing.T) {
	rigs := newKeyRig(t, func(o *RouteOptions) { o.IgnoreCookies = []string{"_ga*", "theme"} })
	wantCommon(t, rigs, request("/d", "Cookie: _ga=1; sid=a"), request("/d", "Cookie: sid=a; theme=x"), all)
	wantCommon(t, rigs, request("/d", "Cookie: _ga=1"), request("/d"), all)
	wantCommon(t, rigs, request("/d", "Cookie: _ga=1; sid=a"), request("/d", "Cookie: _ga=1; sid=b"), resource)
	wantCommon(t, rigs, request("/d", "Cookie: sid=a; uid=b"), request("/d", "Cookie: uid=b; sid=a"), resource)
	wantCommon(t, rigs, request("/d", `Cookie: sid="a;_ga=x"`), request("/d", `Cookie: sid="a;_ga=y"`), resource)
	wantCommon(t, rigs, request("/d", "Cookie: _ga=1,sid=a"), request("/d"), resource)

	k, _ := keyOf(rigs[coalescer.Nothing], request("/d", "Cookie: theme=x"))
	if k.Identity != (coalescer.Identity{}) {
		t.Error("a client with cosmetic cookies alone has an identity")
	}
}
