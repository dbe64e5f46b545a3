package proxy

import (
	"net/http"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

func TestReloadKeepsDocumentsAndWhatWasLearnt(t *testing.T) {
	upstream := says("hello", `ETag: "v1"`, "Vary: X-Theme")
	play(t, upstream, func(r *rig) {
		r.get("/d")
		r.get("/d") // with X-Theme in the key
		reload(r, polled("/*", func(o *RouteOptions) { o.Policy.Interval = time.Second }))
		want(t, r.get("/d"), "200 [pollard; hit; ttl=3] hello")
		want(t, r.get("/d", "X-Theme: dark"), "200 [pollard; fwd=miss; fwd-status=200; stored] hello")
		time.Sleep(3 * time.Second)
		r.get("/d")
		want(t, r.get("/d"), "200 [pollard; hit; ttl=1] hello") // by the new interval
		reload(r)
		want(t, r.get("/d"), "200 [] hello")
	}, polled("/*"))
}

func reload(r *rig, routes ...RouteOptions) {
	r.t.Helper()
	if err := r.Swap(routes, nil); err != nil {
		r.t.Fatal(err)
	}
}

func TestRefusedReloadChangesNothing(t *testing.T) {
	play(t, says("hello", `ETag: "v1"`), func(r *rig) {
		r.get("/d")
		if err := r.Swap([]RouteOptions{polled("/other"), polled("no slash")}, nil); err == nil {
			t.Error("a pattern without a slash is accepted")
		}
		want(t, r.get("/d"), "200 [pollard; hit; ttl=3] hello")
		if got := r.Routes(); len(got) != 1 || got[0].Path != "/*" {
			t.Errorf("routes in force: %+v", got)
		}
	}, polled("/*"))
}

// TestMendedRulesDoNotServeWhatCarelessOnesMixedUp: a route that ignored the
// session's cookie is mended; what it stored must be gone with the mistake.
func TestMendedRulesDoNotServeWhatCarelessOnesMixedUp(t *testing.T) {
	upstream := func(w http.ResponseWriter, r *http.Request) {
		says("for "+r.Header.Get("Cookie")+r.Header.Get("X-Tenant"), `ETag: "v1"`)(w, r)
	}
	careless := map[string]func(*RouteOptions){
		"ignore_cookies": func(o *RouteOptions) { o.IgnoreCookies = []string{"s*"} },
		"ignore":         func(o *RouteOptions) { o.Ignore = []string{"X-Tenant"} },
	}
	for name, mistake := range careless {
		play(t, upstream, func(r *rig) {
			r.get("/d", "Cookie: sid=alice", "X-Tenant: alice")
			reload(r, polled("/*"))
			if got := body(r.get("/d")); got != "for " {
				t.Errorf("%s: a client without a session was given %q", name, got)
			}
		}, polled("/*", mistake))
	}
}

func TestFirstRouteThatMatchesWins(t *testing.T) {
	named := func(name string) func(*RouteOptions) { return func(o *RouteOptions) { o.Name = name } }
	play(t, says("hello", `ETag: "v1"`), func(r *rig) {
		r.get("/a/1")
		r.get("/b/1")
		if a, b := r.counts("first").Polls, r.counts("second").Polls; a != 1 || b != 1 {
			t.Errorf("polls: got %d on the first route, %d on the second, want 1 and 1", a, b)
		}
	}, polled("/a/*", named("first")), polled("/**", named("second")))
}

// TestShareOfARouteIsPartOfItsKeys: raising it must not make public what was
// asked for under another rule.
func TestShareOfARouteIsPartOfItsKeys(t *testing.T) {
	upstream := func(w http.ResponseWriter, r *http.Request) {
		says("for "+r.Header.Get("Cookie"), `ETag: "v1"`)(w, r)
	}
	play(t, upstream, func(r *rig) {
		r.get("/d")
		reload(r, polled("/*", sharing(coalescer.Everything)))
		want(t, r.get("/d", "Cookie: alice"), "200 [pollard; fwd=miss; fwd-status=200; stored] for alice")
	}, polled("/*"))
}
