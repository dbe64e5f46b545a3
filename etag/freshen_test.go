package etag_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/pollard-proxy/pollard/etag"
)

func TestFreshenReplacesWhatTheNotModifiedSays(t *testing.T) {
	tests := []struct {
		name               string
		stored, from, want http.Header
	}{
		{
			"a field that the 304 omits stays (RFC 9111 §3.2)",
			http.Header{"Poll-Interval": {"3000"}, "Content-Type": {"application/json"}},
			http.Header{"Etag": {`W/"1"`}},
			http.Header{"Poll-Interval": {"3000"}, "Content-Type": {"application/json"}, "Etag": {`W/"1"`}},
		},
		{
			"a field that it has is replaced",
			http.Header{"Poll-Interval": {"3000"}, "Cache-Control": {"max-age=1"}, "Date": {"Sun, 06 Nov 1994 08:49:37 GMT"}},
			http.Header{"Poll-Interval": {"-1"}, "Cache-Control": {"no-cache"}, "Date": {"Sun, 06 Nov 1994 08:49:40 GMT"}},
			http.Header{"Poll-Interval": {"-1"}, "Cache-Control": {"no-cache"}, "Date": {"Sun, 06 Nov 1994 08:49:40 GMT"}},
		},
		{
			"repeated fields are replaced as a whole and kept apart",
			http.Header{"Vary": {"Accept", "Cookie"}, "Link": {"<a>"}},
			http.Header{"Vary": {"Origin"}, "Link": {"<b>", "<c>"}},
			http.Header{"Vary": {"Origin"}, "Link": {"<b>", "<c>"}},
		},
		{
			"Content- is no sign of an exception (§3.2)",
			http.Header{"Content-Type": {"text/plain"}, "Content-Security-Policy": {"default-src 'self'"}, "Content-Location": {"/a"}},
			http.Header{"Content-Type": {"text/plain;charset=utf-8"}, "Content-Security-Policy": {"default-src 'none'"}, "Content-Location": {"/b"}},
			http.Header{"Content-Type": {"text/plain;charset=utf-8"}, "Content-Security-Policy": {"default-src 'none'"}, "Content-Location": {"/b"}},
		},
		{
			"an Age counts from the validation (§4.2.3)",
			http.Header{"Age": {"30"}, "X": {"a"}},
			http.Header{},
			http.Header{"X": {"a"}},
		},
		{
			"the 304's Age is taken",
			http.Header{"Age": {"30"}},
			http.Header{"Age": {"2"}},
			http.Header{"Age": {"2"}},
		},
		{"nothing stored", nil, http.Header{"Etag": {`"1"`}}, http.Header{"Etag": {`"1"`}}},
		{"nothing said", http.Header{"Etag": {`"1"`}}, nil, http.Header{"Etag": {`"1"`}}},
	}
	for _, test := range tests {
		got := etag.Freshen(test.stored, test.from)
		if !maps.EqualFunc(got, test.want, slices.Equal) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

func TestFreshenKeepsWhatIsNotTheNotModifiedsToSay(t *testing.T) {
	kept := []string{
		"Content-Length", "Content-Encoding", "Content-Range", "Content-Digest",
		"Connection", "Proxy-Connection", "Keep-Alive", "Te", "Transfer-Encoding", "Trailer", "Upgrade",
		"Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
		"Set-Cookie", "X-Hop", "X-Other-Hop",
	}
	from := http.Header{}
	for _, name := range kept {
		from.Set(name, "the 304's")
	}
	from["Connection"] = []string{"close, x-hop", "X-OTHER-HOP"}
	for _, name := range kept {
		for _, stored := range []http.Header{{}, {name: {"stored"}}} {
			want := stored.Get(name)
			if got := etag.Freshen(stored, from).Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	}
}

// Snapshots are read by many while they are freshened, and never change.
func TestFreshenSharesNoMemoryWithItsArguments(t *testing.T) {
	stored := http.Header{"A": {"stored"}, "B": {"stored"}}
	from := http.Header{"B": {"new"}}
	fresh := etag.Freshen(stored, from)
	for name := range fresh {
		fresh[name][0] = "scribbled"
		fresh.Add(name, "scribbled")
	}
	if stored.Get("A") != "stored" || stored.Get("B") != "stored" || len(stored["A"]) != 1 {
		t.Errorf("stored changed: %v", stored)
	}
	if from.Get("B") != "new" || len(from) != 1 {
		t.Errorf("the 304's header changed: %v", from)
	}
}
