package proxy

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
)

func TestNamesOfARequestFillTheRoutesPath(t *testing.T) {
	tests := []struct {
		by, route, path string
		want            string // "" where the rule is not about the path
		isPath          bool
	}{
		{"/**/-/issues/{iid}*", "/**/-/issues/{iid}/realtime_changes", "/g/p/-/issues/1", "/g/p/-/issues/1/realtime_changes", true},
		{"/**/-/issues/{iid}*", "/**/-/issues/{iid}/realtime_changes", "/g/p/-/issues/12.json", "/g/p/-/issues/12/realtime_changes", true},
		{"/**/-/issues/{iid}*", "/**/-/issues/{iid}/realtime_changes", "/g/p/-/issues/.json", "", false},
		{"/**/-/issues/{iid}*", "/**/-/issues/{iid}/realtime_changes", "/g/p/-/issues/1/notes", "", false},
		{"/**/-/issues/{iid}/**", "/**/-/issues/{iid}/changes", "/g/h/p/-/issues/1/a/b", "/g/h/p/-/issues/1/changes", true},
		{"/**/-/issues/{iid}/**", "/**/-/issues/{iid}/changes", "/-/issues/1", "/-/issues/1/changes", true},
		{"/x/**/{last}", "/y/**/{last}.json", "/x/a/b/c", "/y/a/b/c.json", true},
		{"/**/a/**/b/{id}", "/{id}/**/of/**", "/a/b/a/x/b/7", "/7/of/b/a/x", true},
		{"/p/{a}/{b}", "/q/{b}/{a}", "/p/1/2", "/q/2/1", true},
		{"/v{n}.json", "/v{n}", "/v12.json", "/v12", true},
		{"/v{n}.json", "/v{n}", "/v12.xml", "", false},
		{"/p/{a}", "/q/*/{a}", "/p/1", `/q/*/1`, false},
		{"/p/{a}", "/q/{other}/{a}", "/p/1", `/q/*/1`, false},
		{"/p/{a}", "/q/{a}*", "/p/1", `/q/1*`, false},
		{"/p/{a}", "/q/{a}", "/p/a*[b]", "/q/a*[b]", true},
		{"/p/{a}", "/q/{a}/*", "/p/a*[b]", `/q/a\*\[b]/*`, false},
		{"/p/{a}", "/q", "/p/1", "/q", true},
		{"/p", "/q/**", "/p", "/q/**", false},
	}
	for _, test := range tests {
		p, err := parsePattern(test.by)
		if err != nil {
			t.Fatal(err)
		}
		rule := writeRule{segments: strings.Split(test.by[1:], "/"), pattern: p}
		b, ok := rule.bind(split(test.path))
		if ok != (test.want != "") {
			t.Errorf("%s, %s: about it %v", test.by, test.path, ok)
		}
		if !ok {
			continue
		}
		filled, isPath := b.fill(test.route)
		got := filled.path()
		if !isPath {
			got = "/" + strings.Join(filled.segments, "/")
		}
		if got != test.want || isPath != test.isPath {
			t.Errorf("%s, %s, %s: got %s (path %v), want %s (%v)", test.by, test.route, test.path, got, isPath, test.want, test.isPath)
		}
	}
}

// What a client puts into a path fills exactly the places that the patterns
// name, and makes no pattern of them.
func FuzzFill(f *testing.F) {
	f.Add("/g/p/-/issues/1")
	f.Add("/**/-/issues/*")
	f.Add(`/%5B/-/issues/%2A`)
	rt := &Route{RouteOptions: RouteOptions{Path: "/**/-/issues/{iid}/changes"}}
	rt.TouchedBy = []Endpoint{{"PUT", "/**/-/issues/{iid}"}}
	rules, err := newWriteRules(rt)
	if err != nil {
		f.Fatal(err)
	}
	polled, _ := parsePattern(rt.Path)
	f.Fuzz(func(t *testing.T, path string) {
		segments := split(path)
		if segments == nil {
			return
		}
		b, ok := rules[0].bind(segments)
		if !ok {
			return
		}
		filled, isPath := b.fill(rt.Path)
		got := filled.path()
		if want := "/" + strings.Join(segments, "/") + "/changes"; !isPath || got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
		if !polled.matches(strings.Split(got[1:], "/")) {
			t.Errorf("%q: %q is no path of the route", path, got)
		}
	})
}

// versioned is an upstream whose documents are all changed by every write, which
// is answered with a status and fields.
func versioned(status int, lines ...string) http.HandlerFunc {
	var version atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		if isUnsafe(r.Method) {
			version.Add(1)
			for name, values := range header(lines) {
				w.Header()[name] = values
			}
			w.WriteHeader(status)
			return
		}
		v := version.Load()
		says(fmt.Sprint("version ", v), fmt.Sprintf(`ETag: "v%d"`, v))(w, r)
	}
}

func TestAWriteThatSucceedsTouchesWhatItChangedForEverybody(t *testing.T) {
	tests := []struct {
		name   string
		write  string
		status int
		lines  []string
		sees   bool
	}{
		{"as the route says", "PUT /g/p/-/issues/1", 200, nil, true},
		{"and is redirected", "PUT /g/p/-/issues/1.json", 302, nil, true},
		{"and fails", "PUT /g/p/-/issues/1", 422, nil, false},
		{"and is refused", "PUT /g/p/-/issues/1", 403, nil, false},
		{"by another method", "POST /g/p/-/issues/1", 200, nil, false},
		{"of another issue", "PUT /g/p/-/issues/2", 200, nil, false},
		{"of another project", "PUT /g/q/-/issues/1", 200, nil, false},
		{"of the polled target", "DELETE /g/p/-/issues/1/changes", 204, nil, true},
		{"that names it in Location", "POST /new", 201, []string{"Location: /g/p/-/issues/1/changes"}, true},
		{"that names it with its host", "POST /new", 201, []string{"Location: http://app.test/g/p/-/issues/1/changes"}, true},
		{"that names it on another host", "POST /new", 201, []string{"Location: http://other.test/g/p/-/issues/1/changes"}, false},
		{"that names it relatively", "POST /g/p/-/issues/9", 201, []string{"Content-Location: 1/changes"}, true},
		{"that names nothing", "POST /new", 201, []string{"Location: ::"}, false},
	}
	for _, share := range []coalescer.Share{coalescer.Nothing, coalescer.Changes, coalescer.Verified, coalescer.Everything} {
		for _, test := range tests {
			t.Run(share.String()+" "+test.name, func(t *testing.T) {
				play(t, versioned(test.status, test.lines...), func(r *rig) {
					read := func() string { return body(r.get("/g/p/-/issues/1/changes", "Cookie: bob")) }
					read()
					time.Sleep(time.Second)
					r.ask(request(test.write, "Cookie: alice"))
					time.Sleep(time.Nanosecond)
					want := "version 0"
					if test.sees {
						want = "version 1"
					}
					if got := read(); got != want {
						t.Errorf("another user read %q after the write, want %q", got, want)
					}
				}, polled("/**/-/issues/{iid}/changes", sharing(share), func(o *RouteOptions) {
					o.TouchedBy = []Endpoint{{"PUT", "/**/-/issues/{iid}*"}}
					o.Policy.Lease = time.Minute
				}))
			})
		}
	}
}

// A touch makes documents ask; what each identity is given stays upstream's to
// say. Users of three roles poll and write while everything is touched in every
// way, by them too.
func TestNewsChangeNothingOfWhoSeesWhat(t *testing.T) {
	role := func(r *http.Request) string { return r.Header.Get("Cookie") }
	upstream := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Cookie") == "stranger" {
			http.Error(w, "not for you", http.StatusForbidden)
			return
		}
		says("for "+role(r)+" at "+r.RequestURI, fmt.Sprintf("ETag: %q", role(r)+r.RequestURI))(w, r)
	}
	for _, share := range []coalescer.Share{coalescer.Nothing, coalescer.Changes, coalescer.Verified} {
		t.Run(share.String(), func(t *testing.T) {
			play(t, upstream, func(r *rig) {
				users := []string{"alice", "bob", "stranger", ""}
				targets := []string{"/doc/1", "/doc/1?page=2", "/doc/2"}
				for round := range 50 {
					for _, target := range targets {
						for _, user := range users {
							got := body(r.get(target, "Cookie: "+user))
							if want := "for " + user + " at " + target; user != "stranger" && got != want {
								t.Fatalf("round %d: %q got %q, want %q", round, user, got, want)
							}
							if user == "stranger" && got != "not for you\n" {
								t.Fatalf("round %d: a stranger got %q", round, got)
							}
						}
					}
					news := []News{
						{Source: ledger.TouchAPI, Paths: targets},
						{Source: ledger.Webhook, Patterns: []string{"/**"}},
						{Source: ledger.TouchAPI, Paths: []string{"/doc/../doc/1", "/doc/1;x", "/doc%2F1"}},
					}
					if _, err := r.Touch(news[round%len(news)]); err != nil {
						t.Fatal(err)
					}
					if _, err := r.Supply(ledger.TouchAPI, "/doc/1", coalescer.Representation{Body: []byte("forged"), Tag: `"x"`}); err == nil {
						t.Fatal("a representation was taken on a route that is not public")
					}
					r.get("PUT /doc/1", "Cookie: "+users[round%len(users)])
					time.Sleep(time.Duration(round) * 100 * time.Millisecond)
				}
			}, polled("/doc/*", sharing(share), func(o *RouteOptions) {
				o.TouchedBy = []Endpoint{{"PUT", "/doc/{id}"}}
				o.Policy.Lease = time.Minute
			}))
		})
	}
}

func TestPathsOfNoRouteAreCountedAndNamed(t *testing.T) {
	play(t, says("hello", `ETag: "v1"`), func(r *rig) {
		r.get("/doc/1?a=1&_=7")
		r.get("/doc/1?a=2")
		tests := []struct {
			paths    []string
			met      int
			unrouted []string
		}{
			{[]string{"/doc/1"}, 2, nil},
			{[]string{"/doc/1?a=1"}, 1, nil},
			{[]string{"/doc/1?_=8&a=1"}, 1, nil}, // without what is ignored
			{[]string{"/doc/1?a=3", "/doc/2"}, 0, nil},
			{[]string{"/other", "/doc/1", "doc/1", "", "/doc/.."}, 2, []string{"/other", "doc/1", "", "/doc/.."}},
		}
		for _, test := range tests {
			met, err := r.Touch(News{Source: ledger.TouchAPI, Paths: test.paths})
			if err != nil || met.Documents != test.met || met.Unrouted != len(test.unrouted) || !slices.Equal(met.Examples, test.unrouted) {
				t.Errorf("%q: got %+v, %v, want %d met and %q of no route", test.paths, met, err, test.met, test.unrouted)
			}
		}
		if _, err := r.Touch(News{Source: ledger.TouchAPI, Patterns: []string{"/doc/*", "doc"}}); err == nil {
			t.Error("got no error for a pattern that is none")
		}
	}, polled("/doc/*", func(o *RouteOptions) { o.IgnoreQuery = []string{"_"} }))
}
