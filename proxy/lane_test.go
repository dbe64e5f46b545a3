package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy/frontdoor"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/test/program"
)

// house is a rig behind a real front door.
type house struct {
	*rig
	addr string
	lane *counted // nil without
}

// counted is a lane whose answers are counted.
type counted struct {
	*Handler
	answers atomic.Int64
}

func (c *counted) Prepare(r *http.Request) frontdoor.Answer {
	answer := c.Handler.Prepare(r)
	return func(dst []byte) (head, content []byte, ok bool) {
		if head, content, ok = answer(dst); ok {
			c.answers.Add(1)
		}
		return head, content, ok
	}
}

// openHouse serves until the test ends, with the hit lane or without.
func openHouse(t testing.TB, upstream string, lane bool, routes ...RouteOptions) *house {
	t.Helper()
	r := newRig(t, upstream, append(routes, long("/warm", func(o *RouteOptions) { o.Name = "warm" }))...)
	r.LogPolls(false, 0)
	r.Target = frontdoor.Target
	o := frontdoor.Options{Handler: r.Handler, Logger: slog.New(slog.DiscardHandler), HeaderBytes: 4 << 10}
	h := &house{rig: r}
	if lane {
		h.lane = &counted{Handler: r.Handler}
		o.Lane = h.lane
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	door, done := frontdoor.New(o), make(chan error)
	go func() { done <- door.Serve(l) }()
	t.Cleanup(func() {
		_ = door.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	h.addr = l.Addr().String()
	return h
}

// visitor is a connection to a house.
type visitor struct {
	net.Conn
	t  testing.TB
	in *bufio.Reader
}

// visit connects, and gets past the first request, with which the lane has nothing
// to do.
func (h *house) visit(t testing.TB) *visitor {
	t.Helper()
	c, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	v := &visitor{c, t, bufio.NewReader(c)}
	h.rest(v)
	return v
}

// rest has polls answered until the lane answers them: net/http has done with the
// answer before then.
func (h *house) rest(v *visitor) {
	for h.lane != nil {
		before := h.lane.answers.Load()
		v.send(poll("GET /warm"))
		v.answer(http.MethodGet)
		if h.lane.answers.Load() > before {
			return
		}
	}
}

func (v *visitor) send(s string) {
	v.t.Helper()
	if _, err := io.WriteString(v.Conn, s); err != nil {
		v.t.Fatal(err)
	}
}

func (v *visitor) answer(method string) (*http.Response, string) {
	v.t.Helper()
	resp, err := http.ReadResponse(v.in, &http.Request{Method: method})
	if err != nil {
		v.t.Fatal(err)
	}
	return resp, body(resp)
}

// poll is the bytes of one.
func poll(what string, lines ...string) string {
	return what + " HTTP/1.1\r\n" + strings.Join(append([]string{"Host: app.test"}, lines...), "\r\n") + "\r\n\r\n"
}

// personal answers with whose page it is.
func personal(w http.ResponseWriter, r *http.Request) {
	w.Header()["Date"] = nil
	w.Header().Set("ETag", `"`+r.Header.Get("Cookie")+`"`)
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Cache-Control", "private, max-age=0")
	w.Header().Add("Cache-Status", "edge; hit")
	w.Header().Set("X-Odd", " a\tb ")
	fmt.Fprintf(w, "%s for %q", r.RequestURI, r.Header.Get("Cookie"))
}

// long is a route whose answers last for the whole of a test.
func long(path string, with ...func(*RouteOptions)) RouteOptions {
	return polled(path, append(with, func(o *RouteOptions) { o.Policy.Interval = time.Minute })...)
}

func TestAHitInTheLaneDoesNotAllocate(t *testing.T) {
	if program.Raced {
		t.Skip("the race detector allocates, and empties pools at random")
	}
	for _, stage := range []rollout.Stage{rollout.Coalesce, rollout.Push} {
		for _, size := range []int{1 << 10, 20 << 10} {
			for _, lines := range [][]string{nil, {`If-None-Match: W/"v1"`}} {
				up := httptest.NewServer(says(strings.Repeat("x", size), `ETag: W/"v1"`, "Poll-Interval: 60000"))
				r := newRig(t, up.URL, polled("/p", func(o *RouteOptions) { o.Rollout.Stage = stage }))
				r.LogPolls(false, 0)
				in := request("/p", append(lines, "Cookie: session=1", "Accept: application/json", "User-Agent: browser")...)
				r.ServeHTTP(httptest.NewRecorder(), in)
				answer, buf := r.Prepare(in), make([]byte, 0, 4<<10)
				got := testing.AllocsPerRun(200, func() {
					if _, _, ok := answer(buf); !ok {
						t.Error("the lane declined")
					}
				})
				if got != 0 {
					t.Errorf("at %v a hit of %d bytes with %q allocates %v times, want never", stage, size, lines, got)
				}
				up.Close()
			}
		}
	}
}

// TestPollsOfTwoUsersOnOneConnectionAreTheirOwn: as behind a balancer, in any
// order, pipelined, the same targets and lengths.
func TestPollsOfTwoUsersOnOneConnectionAreTheirOwn(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(personal))
	defer up.Close()
	for _, share := range []coalescer.Share{coalescer.Nothing, coalescer.Changes, coalescer.Verified} {
		h := openHouse(t, up.URL, true, long("/own/*", sharing(share), func(o *RouteOptions) { o.Policy.Lease = time.Minute }))
		v := h.visit(t)
		before := h.lane.answers.Load()
		users := []string{"sid=alice", "sid=carol", "sid=alice; sid=carol", "", "sid=Alice", "sid=alicf"}
		for round := range 4 {
			h.rest(v)
			var all strings.Builder
			for _, user := range users {
				for _, method := range []string{"GET", "HEAD"} {
					all.WriteString(poll(method+" /own/1", "Cookie: "+user))
				}
			}
			v.send(all.String())
			for _, user := range users {
				resp, got := v.answer(http.MethodGet)
				if want := fmt.Sprintf("/own/1 for %q", user); got != want {
					t.Errorf("%v, round %d: %q got %s", share, round, user, got)
				}
				if want := `"` + user + `"`; resp.Header.Get("ETag") != want {
					t.Errorf("%v: %q got the tag %s", share, user, resp.Header.Get("ETag"))
				}
				if resp, _ := v.answer(http.MethodHead); resp.Header.Get("ETag") != `"`+user+`"` {
					t.Errorf("%v: %q got the head of %s", share, user, resp.Header.Get("ETag"))
				}
			}
		}
		if n := h.lane.answers.Load() - before; n < 30 {
			t.Errorf("%v: got %d answers in the lane, want it put to the test", share, n)
		}
	}
}

func TestWhatTheLaneAnswersIsCountedAsEver(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(personal))
	defer up.Close()
	var tallies [2]ledger.Totals
	for i, lane := range []bool{false, true} {
		h := openHouse(t, up.URL, lane, long("/own/*"))
		v := h.visit(t)
		for range 5 {
			v.send(poll("GET /own/1", "Cookie: a") + poll("GET /own/1", "Cookie: a", `If-None-Match: "a"`))
			v.answer(http.MethodGet)
			v.answer(http.MethodGet)
		}
		tallies[i] = h.counts("polled")
	}
	if got, want := fmt.Sprint(tallies[1]), fmt.Sprint(tallies[0]); got != want {
		t.Errorf("got %v, without the lane %v", got, want)
	}
}

func TestARouteThatIsMovedDownIsLeftByTheLaneAtOnce(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(personal))
	defer up.Close()
	h := openHouse(t, up.URL, true, long("/own/*"))
	v := h.visit(t)
	get := func() string {
		v.send(poll("GET /own/1", "Cookie: a"))
		resp, _ := v.answer(http.MethodGet)
		return strings.Join(resp.Header["Cache-Status"], ", ")
	}
	get()
	if got := get(); !strings.Contains(got, "pollard; hit") {
		t.Fatalf("got %s, want a hit", got)
	}
	reload(h.rig, long("/own/*", func(o *RouteOptions) { o.Rollout.Stage = rollout.Off }))
	if got := get(); strings.Contains(got, "pollard") {
		t.Errorf("got %s after the route was switched off", got)
	}
	h.Coalescer.Expire()
	reload(h.rig, long("/own/*"))
	if got := get(); strings.Contains(got, "hit") && !strings.Contains(got, "fwd") {
		t.Errorf("got %s, want upstream asked after the revival", got)
	}
	if got := get(); !strings.Contains(got, "pollard; hit") {
		t.Errorf("got %s, want a hit again", got)
	}
}

func TestTheLaneSparesNoAccessLineAndNoSample(t *testing.T) {
	play(t, says("body", `ETag: "v1"`), func(r *rig) {
		r.door.isOpen = true
		for range 5 {
			r.get("/p", "Cookie: a")
		}
		if got := strings.Count(r.log.String(), `"outcome":"hit"`); got != 4 || r.door.hits != 4 {
			t.Errorf("got %d lines of %d hits in the lane, want 4 of 4", got, r.door.hits)
		}
		r.log.Reset()
		r.LogPolls(true, 3)
		for range 9 {
			r.get("/p", "Cookie: a")
		}
		if got := strings.Count(r.log.String(), `"outcome":"hit"`); got != 3 {
			t.Errorf("got %d lines of 9 hits, want one of three", got)
		}
	}, polled("/p"))
}

// TestHammeredConnectionsAreGivenNothingOfBeforeAWrite: on every connection polls,
// writes and sign-outs follow each other while routes are swapped and killed; whoever
// wrote sees it in the next answer.
func TestHammeredConnectionsAreGivenNothingOfBeforeAWrite(t *testing.T) {
	var versions sync.Map // by user
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user := r.Header.Get("Cookie")
		v, _ := versions.LoadOrStore(user, new(atomic.Int64))
		version := v.(*atomic.Int64)
		if r.Method == http.MethodPost {
			version.Add(1)
		}
		tag := fmt.Sprintf(`"%s-%d"`, user, version.Load())
		w.Header().Set("ETag", tag)
		fmt.Fprint(w, tag)
	}))
	defer up.Close()
	h := openHouse(t, up.URL, true, long("/own/*"))
	var visitors []*visitor
	for range 8 {
		visitors = append(visitors, h.visit(t))
	}
	stop := make(chan bool)
	var operator, users sync.WaitGroup
	operator.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if i%3 == 0 {
				reload(h.rig, long("/own/*", func(o *RouteOptions) { o.Rollout.Stage = rollout.Off }))
				h.Coalescer.Expire()
			}
			reload(h.rig, long("/own/*"))
			for range 50 {
				_ = h.counts("polled") // what a scrape does meanwhile
			}
		}
	})
	for i, v := range visitors {
		users.Go(func() { v.writesAndPolls(fmt.Sprint("sid=", i), 60) })
	}
	users.Wait()
	close(stop)
	operator.Wait()
	if n := h.lane.answers.Load(); n < 100 {
		t.Errorf("got %d answers in the lane, want it put to the test", n)
	}
}

func (v *visitor) writesAndPolls(user string, rounds int) {
	for version := range rounds {
		want := fmt.Sprintf(`"%s-%d"`, user, version)
		for range 4 {
			v.send(poll("GET /own/1", "Cookie: "+user) + poll("GET /own/1", "Cookie: "+user))
			for range 2 {
				if _, got := v.answer(http.MethodGet); got != want {
					v.t.Errorf("got %s, want %s", got, want)
				}
			}
		}
		v.send(poll("POST /own/1", "Cookie: "+user, "Content-Length: 0"))
		v.answer(http.MethodPost)
	}
}

// FuzzLaneAgainstNetHTTP: whatever is sent on a connection, with the hit lane it is
// given the same answers as without.
func FuzzLaneAgainstNetHTTP(f *testing.F) {
	up := httptest.NewServer(http.HandlerFunc(personal))
	f.Cleanup(up.Close)
	routes := []RouteOptions{long("/own/*", func(o *RouteOptions) { o.IgnoreQuery = []string{"_"} }), long("/all/**", sharing(coalescer.Everything))}
	with, without := openHouse(f, up.URL, true, routes...), openHouse(f, up.URL, false, routes...)
	for _, lines := range [][]string{
		nil, {"Cookie: a"}, {"Cookie: a", "Cookie: b"}, {`If-None-Match: "a"`, "Cookie: a"}, {"If-None-Match: *"}, {`If-None-Match: a"`},
		{"Connection: keep-alive"}, {"Connection: close"}, {"Expect: 100-continue"}, {"Range: bytes=0-1"}, {"Prefer: wait=1"},
		{"Accept: text/event-stream"}, {"Upgrade: websocket", "Connection: upgrade"}, {"Content-Length: 0"}, {"X-New: 1"}, {"Pragma: no-cache"},
		{"Cache-Control: no-cache"}, {"Authorization: Negotiate x"}, {"X-Forwarded-User: root"}, {"Te: trailers"}, {"Accept-Encoding: gzip"},
	} {
		for _, what := range []string{"GET /own/1", "HEAD /own/1?_=1", "GET /all/a/b?x", "GET /own/..", "POST /own/1"} {
			f.Add([]byte(poll(what, lines...)))
		}
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		if bytes.Contains(bytes.ToLower(sent), []byte("pollard")) {
			return // what is ours of Cache-Status is told by its name
		}
		sent = append(bytes.Repeat(sent, 3), poll("GET /end", "Connection: close")...)
		got, ended := with.said(t, sent)
		want, ended2 := without.said(t, sent)
		if ended && ended2 && got != want {
			t.Errorf("with the lane:\n%s\nwithout:\n%s", got, want)
		}
	})
}

// said returns the answers to what is sent, and whether the connection was closed
// behind them: else more is waited for, and they may not be all.
func (h *house) said(t *testing.T, sent []byte) (answers string, ended bool) {
	v := h.visit(t)
	defer v.Close()
	_, _ = v.Write(sent)                               // it may be refused before its end
	_ = v.SetReadDeadline(time.Now().Add(time.Second)) // fails on a connection that is closed, as reading does
	var all strings.Builder
	for {
		resp, err := http.ReadResponse(v.in, &http.Request{Method: http.MethodHead}) // what follows is read as it comes
		if err != nil {
			rest, end := io.ReadAll(v.in)
			fmt.Fprintf(&all, "%q", rest)
			return all.String(), errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || end == nil
		}
		for _, name := range []string{"Date", "Age"} {
			resp.Header.Del(name)
		}
		content, _ := io.ReadAll(io.LimitReader(v.in, h.following(v, resp)))
		fmt.Fprintf(&all, "%d %v %q\n", resp.StatusCode, sameAtAnyTime(resp.Header), content)
	}
}

// following is how much of the answer follows its head.
func (h *house) following(v *visitor, resp *http.Response) int64 {
	next, _ := v.in.Peek(5)
	if string(next) == "HTTP/" {
		return 0
	}
	return max(resp.ContentLength, 0)
}

// sameAtAnyTime is what does not depend on when it was asked, nor on what was asked
// before, nor on which of several reasons to pass was found first.
func sameAtAnyTime(h http.Header) http.Header {
	for i, s := range h["Cache-Status"] {
		if name, rest, _ := strings.Cut(s, ";"); name == "pollard" {
			h["Cache-Status"][i] = fmt.Sprint(name, " passes: ", strings.Contains(rest, "detail"))
		}
	}
	return h
}
