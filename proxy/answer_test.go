package proxy

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// says is an upstream that answers with these fields and this body, or 304 to
// its own tag.
func says(content string, lines ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Date"], h["Content-Type"] = nil, nil
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			h.Add(name, value)
		}
		if tag := h.Get("ETag"); tag != "" && r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(w, content)
	}
}

// line is an answer in one line: status, what Cache-Status says, body.
func line(resp *http.Response) string {
	status := strings.Join(resp.Header["Cache-Status"], ", ")
	return strings.TrimSpace(fmt.Sprintf("%d [%s] %s", resp.StatusCode, status, body(resp)))
}

func want(t *testing.T, got *http.Response, want string) {
	t.Helper()
	if got := line(got); got != want {
		t.Errorf("answered %q, want %q", got, want)
	}
}

func TestAnswersSayHowTheyCameAbout(t *testing.T) {
	play(t, says("hello", `ETag: "v1"`), func(r *rig) {
		want(t, r.get("/d"), "200 [pollard; fwd=miss; fwd-status=200; stored] hello")
		want(t, r.get("/d"), "200 [pollard; hit; ttl=3] hello")
		time.Sleep(1500 * time.Millisecond)
		want(t, r.get("/d", `If-None-Match: "v1"`), "304 [pollard; hit; ttl=2]")
		want(t, r.get("/d", `If-None-Match: "v0", W/"v1"`), "304 [pollard; hit; ttl=2]")
		want(t, r.get("/d", "If-None-Match: *"), "304 [pollard; hit; ttl=2]")
		time.Sleep(1500 * time.Millisecond)
		want(t, r.get("/d", `If-None-Match: "v1"`), "304 [pollard; fwd=stale; fwd-status=304]")
		want(t, r.get("/d", "X-Unheard-Of: 1"), `200 [pollard; fwd=bypass; detail="header:X-Unheard-Of"] hello`)
		want(t, r.get("/d", "Range: bytes=0-1"), `200 [pollard; fwd=bypass; detail="range"] hello`)
		want(t, r.get("/off/route"), "200 [] hello")
		want(t, r.get("POST /d"), "200 [] hello")
		want(t, r.get("/d", "Accept: text/event-stream"), "200 [] hello")
	}, polled("/*"))
}

func TestCollapsedAnswersSaySo(t *testing.T) {
	playAfter(t, time.Second, says("hello", `ETag: "v1"`), func(r *rig) {
		got := crowd(3, func(int) string { return line(r.get("/d")) })
		wanted := []string{
			"200 [pollard; fwd=miss; collapsed] hello", "200 [pollard; fwd=miss; collapsed] hello",
			"200 [pollard; fwd=miss; fwd-status=200; stored] hello",
		}
		if !slices.Equal(got, wanted) {
			t.Errorf("answered %q, want %q", got, wanted)
		}
	}, polled("/*"))
}

// crowd is n clients that ask at the same time; what they were told comes sorted.
func crowd(n int, ask func(i int) string) []string {
	got := make([]string, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { got[i] = ask(i) })
	}
	all.Wait()
	slices.Sort(got)
	return got
}

// TestFirstSightOfVaryDoesNotCross: nobody knew that the answer depends on who
// asks when several asked for it together.
func TestFirstSightOfVaryDoesNotCross(t *testing.T) {
	upstream := func(w http.ResponseWriter, r *http.Request) {
		says("for "+r.Header.Get("Cookie"), `ETag: "v1"`, "Vary: Cookie")(w, r)
	}
	playAfter(t, time.Second, upstream, func(r *rig) {
		for range 3 {
			got := crowd(6, func(i int) string { return body(r.get("/d", fmt.Sprint("Cookie: user", i))) })
			for i, content := range got {
				if want := fmt.Sprint("for user", i); content != want {
					t.Errorf("user%d was given the body %q", i, content)
				}
			}
		}
	}, polled("/*", sharing(coalescer.Everything)))
}

func TestNothingIsInventedAndNothingIsDropped(t *testing.T) {
	lines := []string{
		`ETag: W/"v1"`, "Poll-Interval: 3000", "Cache-Control: max-age=0, private, must-revalidate", "X-Twice: a", "X-Twice: b",
		"Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", "Content-Language: en", "Link: </x>; rel=preload",
	}
	play(t, says("hello", lines...), func(r *rig) {
		r.get("/d")
		full, unmodified := r.get("/d"), r.get("/d", `If-None-Match: W/"v1"`)
		head := r.get("HEAD /d")
		for _, l := range lines {
			name, value, _ := strings.Cut(l, ": ")
			if !slices.Contains(full.Header.Values(name), value) || !slices.Contains(head.Header.Values(name), value) {
				t.Errorf("%s is missing from a 200: %v, %v", l, full.Header, head.Header)
			}
			if got := unmodified.Header.Values(name); slices.Contains(got, value) == (name == "Content-Language") {
				t.Errorf("%s on a 304: %q", name, got)
			}
		}
		for name, values := range unmodified.Header {
			if strings.HasPrefix(name, "Content-") && values != nil {
				t.Errorf("a 304 has %s: %q", name, values)
			}
		}
		for _, resp := range []*http.Response{full, unmodified, head} {
			if resp.Header["Date"] != nil || resp.Header["Content-Type"] != nil {
				t.Errorf("fields were made up: %v", resp.Header)
			}
		}
		if got := full.Header["Content-Length"]; !slices.Equal(got, []string{"5"}) {
			t.Errorf("Content-Length: got %q, want 5", got)
		}
		if got := body(head); got != "" || head.Header.Get("Content-Length") != "5" {
			t.Errorf("HEAD was answered with %q and Content-Length %q", got, head.Header["Content-Length"])
		}
	}, polled("/*"))
}

func TestAgeCountsFromWhatUpstreamSaid(t *testing.T) {
	for _, test := range []struct{ said, want string }{{"", "2"}, {"Age: 40", "42"}, {"Age: nonsense", "2"}, {"Age: -1", "2"}} {
		lines := []string{`ETag: "v1"`}
		if test.said != "" {
			lines = append(lines, test.said)
		}
		play(t, says("hello", lines...), func(r *rig) {
			r.get("/d")
			time.Sleep(2 * time.Second)
			if got := r.get("/d").Header.Get("Age"); got != test.want {
				t.Errorf("%q: Age: got %q, want %s", test.said, got, test.want)
			}
		}, polled("/*"))
	}
}

func TestOursComesAfterUpstreamsCacheStatus(t *testing.T) {
	play(t, says("hello", `ETag: "v1"`, "Cache-Status: origin; hit", "Cache-Status: edge; fwd=miss"), func(r *rig) {
		for range 3 {
			got := r.get("/d").Header["Cache-Status"]
			if len(got) != 3 || got[0] != "origin; hit" || got[1] != "edge; fwd=miss" || !strings.HasPrefix(got[2], "pollard; ") {
				t.Errorf("Cache-Status: got %q", got)
			}
		}
	}, polled("/*"))
}

func TestStretchSlowsClientsDownAndNothingElse(t *testing.T) {
	tests := []struct {
		said string
		want []string
	}{
		{"Poll-Interval: 3000", []string{"10000"}},
		{"Poll-Interval: 20000", []string{"20000"}},
		{"Poll-Interval: -1", []string{"-1"}},
		{"Poll-Interval: 0", []string{"0"}},
		{"Poll-Interval: 1", []string{"1"}},
		{"Poll-Interval: soon", []string{"soon"}},
		{"X-Other: 1", nil},
	}
	for _, test := range tests {
		stretched := func(o *RouteOptions) { o.Stretch = 10 * time.Second }
		play(t, says("hello", `ETag: "v1"`, test.said), func(r *rig) {
			for range 2 {
				for _, lines := range [][]string{nil, {`If-None-Match: "v1"`}} {
					if got := r.get("/d", lines...).Header["Poll-Interval"]; !slices.Equal(got, test.want) {
						t.Errorf("%s with %q: told %q, want %q", test.said, lines, got, test.want)
					}
				}
			}
		}, polled("/*", stretched))
	}
}

// TestStoredFieldsAreNeverChanged: many answers share one header map.
func TestStoredFieldsAreNeverChanged(t *testing.T) {
	upstream := says("hello", `ETag: "v1"`, "Cache-Status: origin; hit", "Poll-Interval: 3000", "X-N: 1")
	play(t, upstream, func(r *rig) {
		r.get("/d")
		crowd(64, func(i int) string {
			w := httptest.NewRecorder()
			r.ServeHTTP(w, request("/d"))
			h := w.Header() // the front door's own, which middleware may change
			h.Add("X-N", strconv.Itoa(i))
			h.Add("Cache-Status", "outer")
			h.Del("ETag")
			return ""
		})
		resp := r.get("/d")
		if resp.Header.Get("ETag") != `"v1"` || len(resp.Header["X-N"]) != 1 || len(resp.Header["Cache-Status"]) != 2 {
			t.Errorf("what is stored was changed: %v", resp.Header)
		}
	}, polled("/*", func(o *RouteOptions) { o.Stretch = time.Minute }))
}
