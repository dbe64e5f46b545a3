package proxy

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/coalescer"
)

// FuzzKeyTellsRequestsApart makes two requests and compares their keys with two
// strings that plainly hold all that may matter: the keys must be equal exactly
// if the strings are, and then upstream must be asked the same. A collision
// gives one user's answer to another.
func FuzzKeyTellsRequestsApart(f *testing.F) {
	for _, pair := range [][2]string{
		{"GET /d\nc:sid=a", "GET /d\nc:sid=b"},
		{"GET /d\nc:sid=a; _ga=1", "GET /d\nc:sid=a; _ga=2"},
		{"GET /d\nc:a\nc:b", "GET /d\nc:ab"},
		{"GET /d\na:x\nc:y", "GET /d\na:y\nc:x"},
		{"GET /d?a=1&_=2", "HEAD /d?a=1"},
		{"GET /d\no:http://app.test", "GET /d\no:https://evil.test"},
		{"GET /d\nf:for=1;host=a", "GET /d\nf:for=2;host=a,host=b"},
		{"GET /d\nh:evil.test\nu:bob", "GET /d\nh:app.test"},
		{"GET /d\ns:cross-site\nm:cors", "GET /d\ns:none\nm:cors"},
		{"GET /d\nr:x\ng:y", "GET /d\nr:y"},
		{"GET /d\nu:alice\nR:/app", "GET /d\nu:alice\nR:/app"},
		{"GET /d\nc:_ga=1,sid=2\nt:dark", "GET /d\nc:_ga=\"1;sid=2\"\nt:dark"},
	} {
		for trusted := range 4 {
			f.Add(pair[0], pair[1], trusted&1 > 0, trusted&2 > 0)
		}
	}
	rigs := newKeyRig(f, func(o *RouteOptions) {
		o.Identity, o.Variant = []string{"X-Tenant"}, []string{"X-Theme"}
		o.IgnoreCookies, o.IgnoreQuery = []string{"_ga*"}, []string{"_"}
	})
	upstream := forwarder(f, "http://127.0.0.1:1")
	f.Cleanup(upstream.Close)
	asked := func(r *http.Request) *http.Request {
		out := upstream.Outgoing(r.Context(), r, r.RequestURI)
		out.RequestURI = r.RequestURI
		return out
	}
	f.Fuzz(func(t *testing.T, one, two string, oneTrusted, twoTrusted bool) {
		a, b := spelled(one, oneTrusted), spelled(two, twoTrusted)
		for share, h := range rigs {
			ka, why := keyOf(h, a)
			kb, whyToo := keyOf(h, b)
			if why != "" || whyToo != "" {
				continue
			}
			if sa, sb := plainly(a, share, oneTrusted), plainly(b, share, twoTrusted); (ka == kb) != (sa == sb) {
				t.Errorf("share %v: keys equal is %v, of\n%s\n%s", share, ka == kb, sa, sb)
			}
			if sa, sb := plainly(asked(a), share, true), plainly(asked(b), share, true); ka == kb && sa != sb {
				t.Errorf("share %v: keys are equal, and upstream is asked\n%s\n%s", share, sa, sb)
			}
		}
	})
}

// vocabulary is what the fuzzer's letters stand for.
func vocabulary() map[string]string {
	return map[string]string{
		"a": "Authorization", "c": "Cookie", "p": "Private-Token", "u": "X-Forwarded-User", "T": "X-Tenant",
		"A": "Accept", "r": "X-Requested-With", "t": "X-Theme", "h": "X-Forwarded-Host", "P": "X-Forwarded-Proto",
		"o": "Origin", "f": "Forwarded", "s": "Sec-Fetch-Site", "m": "Sec-Fetch-Mode", "d": "Sec-Fetch-Dest",
		"g": "User-Agent", "x": "X-Csrf-Token", "X": "X-Forwarded-For", "v": "Cf-Visitor", "R": "X-Forwarded-Prefix", "C": "Connection",
	}
}

// spelled makes a request of a line "METHOD target" and lines "letter:value".
func spelled(text string, trusted bool) *http.Request {
	lines := strings.Split(text, "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	if method != "HEAD" {
		method = "GET"
	}
	r := request(method + " /" + strings.TrimPrefix(target, "/"))
	path, _ := cutTarget(r.RequestURI)
	if split(path) == nil {
		r.RequestURI = "/d"
	}
	if trusted {
		r.RemoteAddr = balancer
	}
	names := vocabulary()
	for _, line := range lines[1:] {
		if name := names[line[:min(1, len(line))]]; name != "" {
			_, value, _ := strings.Cut(line, ":")
			r.Header.Add(name, value)
		}
	}
	return r
}

// plainly returns all that may matter of a request, written so that it cannot
// be mistaken for another.
func plainly(r *http.Request, share coalescer.Share, trusted bool) string {
	path, query, asked := strings.Cut(r.RequestURI, "?")
	if asked {
		pairs := strings.Split("?"+query, "&")
		query = strings.Join(slices.DeleteFunc(pairs, regexp.MustCompile(`^\??_(=|$)`).MatchString), "&")
	}
	parts := []string{fmt.Sprintf("%s %q %q %q", r.Method, r.Host, path, query)}
	for name, values := range r.Header {
		if values = matters(r, name, share, trusted); len(values) > 0 {
			parts = append(parts, fmt.Sprintf("%s: %q", name, values))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "\n")
}

// matters returns the values of a field as far as they may matter.
func matters(r *http.Request, name string, share coalescer.Share, trusted bool) []string {
	values := r.Header[name]
	site := r.Header["Sec-Fetch-Site"]
	if !trusted && (name == "Forwarded" || strings.HasPrefix(name, "X-Forwarded-")) {
		return nil
	}
	switch name {
	case "User-Agent", "X-Csrf-Token", "X-Forwarded-For", "Connection":
		return nil
	case "Authorization", "Private-Token", "X-Forwarded-User", "X-Tenant", "Cookie":
		if share == coalescer.Everything {
			return nil
		}
		if name == "Cookie" {
			a := newAudience(nil, []string{"_ga*"}) // has its own test
			return a.cookies(values)
		}
	case "Origin":
		if slices.Equal(values, []string{"http://" + r.Host}) {
			return nil
		}
	case "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest":
		if len(site) == 0 || len(site) == 1 && (site[0] == "same-origin" || site[0] == "none") {
			return nil
		}
	case "Forwarded":
		return slices.DeleteFunc(regexp.MustCompile(`[;,]+`).Split(strings.Join(values, ","), -1),
			regexp.MustCompile(`(?i)^(\s*(for|by)\s*(=|$)|$)`).MatchString)
	}
	return values
}
