package proxy

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// changing is an upstream whose document is changed by every POST, which it
// answers with a status.
func changing(status int) http.HandlerFunc {
	var version atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			version.Add(1)
			w.WriteHeader(status)
			return
		}
		v := version.Load()
		says(fmt.Sprint("version ", v), fmt.Sprintf(`ETag: "v%d"`, v))(w, r)
	}
}

func TestWritersReadTheirOwnWrites(t *testing.T) {
	tests := []struct {
		name          string
		writes, reads []string
		peer          string // of the reader
		sees          bool
	}{
		{"the same session", []string{"Cookie: sid=a"}, []string{"Cookie: sid=a"}, stranger, true},
		{"the same session, another address", []string{"Cookie: sid=a"}, []string{"Cookie: sid=a"}, "192.0.2.9:1", true},
		{"the same session, other cosmetics", []string{"Cookie: sid=a; _ga=1"}, []string{"Cookie: _ga=2; sid=a"}, stranger, true},
		{"another session", []string{"Cookie: sid=a"}, []string{"Cookie: sid=b"}, stranger, false},
		{"nobody, the same address", nil, nil, "192.0.2.1:9", true},
		{"nobody, another address", nil, nil, "192.0.2.9:1", false},
		{"nobody, the address behind a balancer", nil, []string{"X-Forwarded-For: 192.0.2.1"}, balancer, true},
		{"nobody, an address that was made up", nil, []string{"X-Forwarded-For: 192.0.2.1"}, "192.0.2.9:1", false},
	}
	for _, share := range []coalescer.Share{coalescer.Nothing, coalescer.Changes, coalescer.Everything} {
		for _, test := range tests {
			play(t, changing(http.StatusFound), func(r *rig) {
				read := func() string { return body(r.ask(from(test.peer, request("/d", test.reads...)))) }
				read()
				time.Sleep(time.Second)
				r.get("POST /other", test.writes...)
				want := "version 0"
				if test.sees {
					want = "version 1"
				}
				if got := read(); got != want {
					t.Errorf("share %v, %s: read %q after the write, want %q", share, test.name, got, want)
				}
			}, polled("/*", sharing(share), func(o *RouteOptions) { o.IgnoreCookies = []string{"_ga"} }))
		}
	}
}

func TestOnlyWritesThatSucceedMakeStale(t *testing.T) {
	for what, stale := range map[string]map[int]bool{
		"POST":    {200: true, 204: true, 302: true, 400: false, 403: false, 500: false},
		"DELETE":  {204: true},
		"PATCH":   {200: true},
		"OPTIONS": {204: false},
		"TRACE":   {200: false},
	} {
		for status, want := range stale {
			play(t, changing(status), func(r *rig) {
				r.get("/d", "Cookie: a")
				time.Sleep(time.Second)
				r.get(what+" /elsewhere", "Cookie: a")
				if got := body(r.get("/d", "Cookie: a")) == "version 1"; got != want {
					t.Errorf("%s answered %d made documents stale: got %v, want %v", what, status, got, want)
				}
			}, polled("/d"))
		}
	}
}
