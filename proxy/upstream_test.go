package proxy

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/rollout"
)

// saying is an upstream whose documents are its name.
func saying(t *testing.T, name string) forward.Upstream {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", fmt.Sprintf("%q", name))
		fmt.Fprint(w, name)
	}))
	t.Cleanup(s.Close)
	at, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return forward.Upstream{at}
}

func TestARoutesOwnUpstreamGetsAllThatGoesToItsPath(t *testing.T) {
	main, own, other := saying(t, "main"), saying(t, "own"), saying(t, "other")
	f := forward.New(forward.Options{Terms: forward.Terms{Upstream: main, Others: []forward.Upstream{own, other}}, Trusted: believed()})
	routes := func(at forward.Upstream) []RouteOptions {
		policy := coalescer.Policy{Interval: time.Hour, MinInterval: time.Second, MaxInterval: time.Hour, Timeout: time.Minute, MaxBody: 1 << 10, Audit: time.Hour}
		return []RouteOptions{
			{Name: "held", Path: "/held", Upstream: at.String(), Policy: policy, Rollout: rollout.Policy{Stage: rollout.Coalesce, Percent: rollout.Everyone}},
			{Name: "passed", Path: "/passed", Upstream: at.String(), Policy: policy, Rollout: rollout.Policy{Stage: rollout.Off, Percent: rollout.Everyone}},
		}
	}
	r := rigOver(t, f, f, routes(own)...)
	expect := func(method, target, want string) {
		t.Helper()
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader("")))
		if got := w.Body.String(); got != want {
			t.Errorf("%s %s: got %d %q, want %q", method, target, w.Code, got, want)
		}
	}
	expect("GET", "/held", "own")
	expect("GET", "/held?fresh", "own")
	expect("GET", "/passed", "own")
	expect("POST", "/held", "own")
	expect("DELETE", "/passed", "own")
	expect("GET", "/elsewhere", "main")
	expect("POST", "/held/elsewhere", "main")
	if err := r.Swap(routes(other), nil); err != nil {
		t.Fatal(err)
	}
	expect("GET", "/held", "other") // what the former said is not given out
	expect("POST", "/held", "other")
}
