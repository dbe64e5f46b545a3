package proxy

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/observe"
)

// BenchmarkPass has polls pass to an upstream on loopback, with and without anybody
// looking: what looking costs is the difference.
func BenchmarkPass(b *testing.B) {
	up := httptest.NewServer(says(strings.Repeat("x", 4<<10), `ETag: W/"v1"`, "Poll-Interval: 10000"))
	b.Cleanup(up.Close)
	observing := polled("/polled/*", func(o *RouteOptions) { o.Rollout.Stage = rollout.Observe })
	for name, target := range map[string]string{"observed": "/polled/1", "off route": "/other/1"} {
		for seen, o := range map[string]*observe.Observer{"unseen": nil, "seen": observe.New(observe.Options{})} {
			b.Run(name+"/"+seen, func(b *testing.B) {
				r := newRig(b, up.URL, observing)
				r.LogPolls(false, 0)
				r.Observer = o
				in := request(target, "Accept: application/json", "Accept-Encoding: gzip", "User-Agent: browser",
					"Cookie: _session=0123456789abcdef0123456789abcdef", "X-Requested-With: XMLHttpRequest", `If-None-Match: W/"v0"`)
				w := &sink{header: map[string][]string{}}
				b.ReportAllocs()
				for b.Loop() {
					clear(w.header)
					r.ServeHTTP(w, in)
				}
			})
		}
	}
}

// BenchmarkLook looks at what passes, and has nothing pass.
func BenchmarkLook(b *testing.B) {
	observing := polled("/polled/*", func(o *RouteOptions) { o.Rollout.Stage = rollout.Observe })
	piece := []byte(strings.Repeat("x", 4<<10))
	for name, target := range map[string]string{"observed": "/polled/1", "off route": "/other/1"} {
		b.Run(name, func(b *testing.B) {
			r := newRig(b, "http://127.0.0.1:1", observing)
			r.Observer = observe.New(observe.Options{})
			in := request(target, "Accept: application/json", "Accept-Encoding: gzip", "User-Agent: browser",
				"Cookie: _session=0123456789abcdef0123456789abcdef", "X-Requested-With: XMLHttpRequest", `If-None-Match: W/"v0"`)
			resp := &http.Response{StatusCode: http.StatusOK, Header: header([]string{`ETag: W/"v1"`, "Poll-Interval: 10000", "Cache-Control: private"})}
			x := r.receive(nil, in)
			b.ReportAllocs()
			for b.Loop() {
				s := r.look(x)
				s.answered(resp)
				s.shown()(piece)
				r.seen(s, forward.Result{Sent: int64(len(piece))})
			}
		})
	}
}
