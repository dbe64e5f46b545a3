package frontdoor

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A mimic is a lane that answers what echo would, with a sign of its own.
type mimic struct {
	prepared, answered atomic.Int64
	isShy              atomic.Bool // answers nothing
	content            []byte      // behind what echo says
}

func (m *mimic) Covers(target []byte) bool { return bytes.HasPrefix(target, []byte("/hit")) }

func (m *mimic) Prepare(r *http.Request) Answer {
	m.prepared.Add(1)
	return func(dst []byte) (head, content []byte, ok bool) {
		if m.isShy.Load() {
			return dst, nil, false
		}
		m.answered.Add(1)
		said := fmt.Appendf(nil, "%s %s %s", Target(r), r.Host, m.content)
		head = fmt.Appendf(dst, "HTTP/1.1 200 OK\r\nX-Lane: %v\r\nContent-Length: %d\r\n\r\n", r.TLS != nil, len(said))
		if r.Method == http.MethodHead {
			return head, nil, true
		}
		return head, said, true
	}
}

const hit = "GET /hit HTTP/1.1\r\n" + ok

// rest waits until net/http has done with the answer that has just come: a request that comes sooner is its own. On a
// connection through the kernel that can be seen only by what is answered in the lane.
func (c *client) rest() {
	if c.LocalAddr().Network() == "pipe" {
		synctest.Wait()
		return
	}
	for isAtRest := false; !isAtRest; {
		c.send(hit)
		_, _, h := c.response()
		isAtRest = h.Get("X-Lane") != ""
	}
}

// want fails unless the next answer is echo's, by the lane or not.
func (c *client) want(target string, byLane bool) {
	c.t.Helper()
	status, body, h := c.response()
	if status != 200 || body != target+" example.org " || (h.Get("X-Lane") != "") != byLane {
		c.t.Errorf("got %d %q %v, want %s, by the lane: %v", status, body, h, target, byLane)
	}
	if c.LocalAddr().Network() == "pipe" {
		c.rest()
	}
}

func TestTheLaneIsAskedFromTheSecondRequestOn(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		m := &mimic{}
		l := start(Options{Handler: echo, Lane: m})
		c := l.dial(t)
		for i := range 4 {
			c.send(hit)
			c.want("/hit", i > 0)
		}
		c.send("GET /other HTTP/1.1\r\n" + ok + hit)
		c.want("/other", false)
		c.want("/hit", false) // came while the handler had the connection
		c.send(hit)
		c.want("/hit", true)
		if n := m.prepared.Load(); n != 1 {
			t.Errorf("the lane was asked %d times about one head, want once", n)
		}
		if got := l.server.Tally(); got.Answered != 7 || got.Requests != 0 {
			t.Errorf("got %+v, want 7 answered", got)
		}
	})
}

func TestWhatTheLaneDeclinesReachesTheHandlerUntouched(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		m := &mimic{}
		l := start(Options{Handler: echo, Lane: m})
		c := l.dial(t)
		c.send(hit)
		c.want("/hit", false)
		c.send(hit)
		c.want("/hit", true)
		m.isShy.Store(true)
		c.send(hit)
		c.want("/hit", false)
		c.send("GET /hit?2 HTTP/1.1\r\n" + ok)
		c.want("/hit?2", false)
		m.isShy.Store(false)
		c.send(hit)
		c.want("/hit", true)
	})
}

func TestTheLaneIsNotAskedAboutWhatIsNotSimple(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		m := &mimic{}
		l := start(Options{Handler: echo, Lane: m, HeaderBytes: 64 << 10})
		for name, request := range map[string]string{
			"another method":     "DELETE /hit HTTP/1.1\r\n" + ok,
			"a lower version":    "GET /hit HTTP/1.0\r\n" + ok,
			"absolute form":      "GET http://example.org/hit HTTP/1.1\r\n" + ok,
			"a bad escape":       "GET /hit%zz HTTP/1.1\r\n" + ok,
			"no content":         "GET /hit HTTP/1.1\r\nContent-Length: 0\r\n" + ok,
			"content":            "GET /hit HTTP/1.1\r\nContent-Length: 1\r\n" + ok + "x",
			"chunks":             "GET /hit HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + ok + "0\r\n\r\n",
			"close":              "GET /hit HTTP/1.1\r\nConnection: close\r\n" + ok,
			"close, after other": "GET /hit HTTP/1.1\r\nConnection: keep-alive, close\r\n" + ok,
			"a named field":      "GET /hit HTTP/1.1\r\nConnection: X-A\r\nX-A: 1\r\n" + ok,
			"an upgrade":         "GET /hit HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n" + ok,
			"a protocol alone":   "GET /hit HTTP/1.1\r\nUpgrade: h2c\r\n" + ok,
			"an expectation":     "GET /hit HTTP/1.1\r\nExpect: 100-continue\r\n" + ok,
			"a trailer":          "GET /hit HTTP/1.1\r\nTrailer: X-A\r\n" + ok,
			"a long head":        "GET /hit HTTP/1.1\r\nX-A: " + strings.Repeat("a", mostOfHead) + "\r\n" + ok,
		} {
			c := l.dial(t)
			c.send(hit)
			c.want("/hit", false)
			c.send(request)
			if status, _, h := c.response(); status != 200 || h.Get("X-Lane") != "" {
				t.Errorf("%s: got %d %v, want the handler's answer", name, status, h)
			}
		}
		if n := m.prepared.Load(); n != 0 {
			t.Errorf("the lane was asked %d times, want never", n)
		}
	})
}

func TestPipelinedHitsAreAnsweredInOneWrite(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		c := start(Options{Handler: echo, Lane: &mimic{}}).dial(t)
		c.send(hit)
		c.want("/hit", false)
		c.send("\r\n" + strings.Repeat(hit, 3))
		b := make([]byte, 4<<10) // a pipe gives what was written at once
		n, err := c.in.Read(b)
		if got := strings.Count(string(b[:n]), "X-Lane"); err != nil || got != 3 {
			t.Errorf("got %d answers in the first write, %v, want 3", got, err)
		}
	})
}

func TestPipelinedRequestsAreAnsweredInTheirOrder(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		l := start(Options{Handler: echo, Lane: &mimic{}})
		c := l.dial(t)
		c.send(hit)
		c.want("/hit", false)
		c.send(hit + hit + "POST /2 HTTP/1.1\r\nContent-Length: " + fmt.Sprint(len(hit)) + "\r\n" + ok + hit + hit + "GET /hit?3 HTTP/1.1\r\n" + ok)
		c.want("/hit", true)
		c.want("/hit", true)
		if _, body, _ := c.response(); body != "/2 example.org "+hit {
			t.Errorf("got %q, want the content back", body)
		}
		c.want("/hit", false)
		c.want("/hit?3", false)
	})
}

func TestAHeadInPiecesIsAnsweredByTheLane(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		c := start(Options{Handler: echo, Lane: &mimic{}}).dial(t)
		c.send(hit)
		c.want("/hit", false)
		for cut := 1; cut < len(hit); cut += 3 {
			c.send(hit[:cut])
			c.send(hit[cut:])
			c.want("/hit", true)
		}
	})
}

func TestMoreHeadsThanAreRememberedAreAskedAboutAgain(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		m := &mimic{}
		l := start(Options{Handler: echo, Lane: m})
		c := l.dial(t)
		c.send(hit)
		c.want("/hit", false)
		for range 2 {
			for i := range mostKnown + 1 {
				target := fmt.Sprint("/hit?", i)
				c.send("GET " + target + " HTTP/1.1\r\n" + ok)
				c.want(target, true)
			}
		}
		if n := m.prepared.Load(); n != 2*(mostKnown+1) {
			t.Errorf("the lane was asked %d times, want %d: it forgets what was not used for longest", n, 2*(mostKnown+1))
		}
	})
}

func TestRefusalsAreTheSameBehindAHit(t *testing.T) {
	_, addr := serve(t, Options{HeaderBytes: testLimit, Lane: &mimic{}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err == nil && !strings.HasPrefix(Target(r), "/hit") {
			t.Errorf("%q reached the handler", Target(r))
		}
		_, _ = fmt.Fprintf(w, "%s %s ", Target(r), r.Host)
	})})
	for _, tt := range refuses {
		t.Run(tt.name, func(t *testing.T) {
			c := dial(t, addr)
			c.rest()
			c.send(hit + tt.request)
			c.want("/hit", true)
			if status, body, h := c.response(); status != tt.status || h.Get("Connection") != "close" {
				t.Errorf("got %d %q %v, want %d", status, body, h, tt.status)
			}
			_ = c.Conn.(*net.TCPConn).CloseWrite()
			c.ends()
		})
	}
}

func TestTheLaneWorksBehindTLS(t *testing.T) {
	config, roots := certificate(t)
	s, addr := serve(t, Options{TLS: config, Handler: echo, Lane: &mimic{}})
	c := dial(t, addr).secure(roots, "http/1.1")
	c.rest()
	c.send(hit)
	if _, _, h := c.response(); h.Get("X-Lane") != "true" {
		t.Errorf("got %v, want the lane's answer, which knows of TLS", h)
	}
	s.mu.Lock()
	for k := range s.conns {
		k.leave() // as Rotate has it
	}
	s.mu.Unlock()
	c.send(hit)
	if _, _, h := c.response(); h.Get("X-Lane") != "" || h.Get("Connection") != "close" {
		t.Errorf("got %v, want the handler's answer, which says that the connection closes", h)
	}
	waitForNobody(t, s)
}

func TestAnswersInTheLaneKeepAConnectionFromBeingIdle(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		c := start(Options{Handler: echo, Lane: &mimic{}}).dial(t)
		c.send(hit)
		c.want("/hit", false)
		for range 5 {
			time.Sleep(70 * time.Second)
			c.send(hit)
			c.want("/hit", true)
		}
		c.closes(75 * time.Second)
	})
}

func TestASlowHeadBehindAnswersInTheLaneIsCut(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		c := start(Options{Handler: echo, Lane: &mimic{}}).dial(t)
		c.send(hit)
		c.want("/hit", false)
		for range 2 {
			time.Sleep(70 * time.Second)
			c.send(hit + hit[:9])
			c.want("/hit", true)
			time.Sleep(9 * time.Second)
			c.send(hit[9:] + hit[:9])
			c.want("/hit", true)
			time.Sleep(9 * time.Second)
			c.send(hit[9:])
			c.want("/hit", true)
		}
		c.send(hit[:9])
		time.Sleep(9 * time.Second)
		c.send(hit[9:20])
		c.closes(time.Second)
	})
}

func TestAClientThatTakesNoAnswerOfTheLaneIsCut(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		c := start(Options{Handler: echo, Lane: &mimic{content: make([]byte, 2*copiedBytes)}}).dial(t)
		c.send("GET / HTTP/1.1\r\n" + ok)
		c.want("/", false)
		c.send(hit)
		time.Sleep(90 * time.Second)
		if _, err := io.ReadFull(c.in, make([]byte, 2*copiedBytes)); err == nil {
			t.Error("got the answer after the stall timeout of a minute, want the connection closed")
		}
	})
}

func TestRetiredServerLeavesTheLane(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		l := start(Options{Handler: echo, Lane: &mimic{}})
		c := l.dial(t)
		c.send(hit)
		c.want("/hit", false)
		c.send(hit)
		c.want("/hit", true)
		l.server.Retire()
		c.send(hit)
		if _, _, h := c.response(); h.Get("X-Lane") != "" || h.Get("Connection") != "close" {
			t.Errorf("got %v, want the handler's answer and Connection: close", h)
		}
		c.ends()
	})
}

// net/http takes the connection for idle, and closes it at once.
func TestShutdownDoesNotCutAnAnswerInTheLane(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		m := &mimic{content: make([]byte, 2*copiedBytes)}
		l := start(Options{Handler: echo, Lane: m})
		c := l.dial(t)
		c.send("GET / HTTP/1.1\r\n" + ok)
		c.want("/", false)
		c.send(hit)
		over := make(chan error)
		go func() { over <- l.server.Shutdown(context.Background()) }()
		time.Sleep(10 * time.Second) // a slow client
		if status, body, _ := c.response(); status != 200 || len(body) < 2*copiedBytes {
			t.Errorf("got %d and %d bytes, want all of it", status, len(body))
		}
		c.closes(0)
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
}

// Whatever a client sends: with the lane it is given the same answers as without.
func FuzzLane(f *testing.F) {
	m := &mimic{}
	_, with := serve(f, Options{Handler: echo, HeaderBytes: testLimit, Lane: m})
	_, without := serve(f, Options{Handler: echo, HeaderBytes: testLimit})
	for _, tt := range accepts {
		f.Add([]byte(hit+tt.request+hit), uint16(30))
	}
	for _, tt := range refuses {
		f.Add([]byte(hit+hit+tt.request), uint16(50))
	}
	f.Add([]byte(strings.Replace(hit, "\r\n\r\n", "\r\nContent-Length: 9\r\n\r\n", 1)+hit), uint16(1))
	f.Add([]byte(hit+"\r\n"+hit+"\r\n\r\n\r\n\r\n\r\n"+hit), uint16(2))
	f.Add([]byte("HEAD /hit HTTP/1.1\r\n"+ok+hit), uint16(60))
	f.Fuzz(func(t *testing.T, sent []byte, cut uint16) {
		at := int(cut) % (len(sent) + 1)
		c := dial(t, with)
		c.rest()
		got, want := converse(c, sent[:at], sent[at:]), converse(dial(t, without), sent)
		if got != want {
			t.Errorf("with the lane:\n%s\nwithout:\n%s", got, want)
		}
	})
}

// converse returns all answers to what is sent.
func converse(c *client, pieces ...[]byte) string {
	defer c.Close()
	for _, b := range pieces {
		_, _ = c.Write(b) // the connection may be closed by now, as it was refused
	}
	_ = c.Conn.(*net.TCPConn).CloseWrite()
	all, _ := io.ReadAll(c.in) // likewise
	return said(all)
}

// said leaves out what net/http adds, and what the mimic does.
func said(answers []byte) string {
	var lines []string
	for line := range strings.SplitSeq(string(answers), "\r\n") {
		name, _, _ := strings.Cut(line, ":")
		if name != "X-Lane" && name != "Date" && name != "Content-Type" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\r\n")
}
