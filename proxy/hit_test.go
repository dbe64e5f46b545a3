package proxy

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/test/program"
)

// sink is a client that reads and forgets.
type sink struct {
	header http.Header
	status int
	bytes  int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { s.bytes += len(p); return len(p), nil }

// hits serves one poll from memory again and again.
func hits(tb testing.TB, size int, lines ...string) (serve func()) {
	up := httptest.NewServer(says(strings.Repeat("x", size), `ETag: W/"v1"`, "Cache-Control: max-age=0, private, must-revalidate", "Poll-Interval: 60000"))
	tb.Cleanup(up.Close)
	r := newRig(tb, up.URL, polled("/**/-/issues/*/realtime_changes"))
	r.LogPolls(false, 0)
	in := request("/group/project/-/issues/1/realtime_changes", append(lines,
		"Accept: application/json, text/plain, */*", "Accept-Encoding: gzip, deflate, br", "Accept-Language: en", "User-Agent: browser",
		"Cookie: _gitlab_session=0123456789abcdef0123456789abcdef", "X-Requested-With: XMLHttpRequest", "X-Csrf-Token: t", "Sec-Fetch-Site: same-origin",
		"Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty", "Referer: http://app.test/group/project/-/issues/1")...)
	w := &sink{header: http.Header{}}
	serve = func() {
		clear(w.header)
		r.ServeHTTP(w, in)
	}
	serve()
	return serve
}

// TestHitsDoNotAllocateMoreForLargerBodies pins what an answer from memory
// allocates. Raise it only for a reason.
func TestHitsDoNotAllocateMoreForLargerBodies(t *testing.T) {
	if program.Raced {
		t.Skip("the race detector allocates, and empties pools at random")
	}
	const most = 14
	for _, size := range []int{1 << 10, 20 << 10, 512 << 10} {
		for _, lines := range [][]string{nil, {`If-None-Match: W/"v1"`}} {
			if got := testing.AllocsPerRun(200, hits(t, size, lines...)); got > most {
				t.Errorf("a hit with %q on %d bytes allocates %v times, want at most %d", lines, size, got, most)
			}
		}
	}
}

func BenchmarkHit(b *testing.B) {
	for _, size := range []int{1 << 10, 20 << 10} {
		for name, lines := range map[string][]string{"200": nil, "304": {`If-None-Match: W/"v1"`}} {
			b.Run(fmt.Sprintf("%s/%dB", name, size), func(b *testing.B) {
				serve := hits(b, size, lines...)
				b.ReportAllocs()
				for b.Loop() {
					serve()
				}
			})
		}
	}
}
