package frontdoor

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// serve runs a Server on loopback until the test ends.
func serve(t testing.TB, o Options) (s *Server, addr string) {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s = New(o)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve: got %v, want http.ErrServerClosed", err)
		}
		if n := s.Connections(); n != 0 {
			t.Errorf("got %d connections after Close, want 0", n)
		}
	})
	return s, l.Addr().String()
}

// A client is a raw connection with the responses read from it.
type client struct {
	net.Conn
	t  testing.TB
	in *bufio.Reader
}

func dial(t testing.TB, addr string) *client {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &client{c, t, bufio.NewReader(c)}
}

func (c *client) send(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) response() (status int, body string, h http.Header) {
	c.t.Helper()
	r, err := http.ReadResponse(c.in, nil)
	for err == nil && r.StatusCode == http.StatusContinue {
		r, err = http.ReadResponse(c.in, nil)
	}
	if err != nil {
		c.t.Fatalf("no response: %v", err)
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Fatalf("body: %v", err)
	}
	if r.Close {
		r.Header.Set("Connection", "close")
	}
	return r.StatusCode, string(b), r.Header
}

// ends fails unless the server has nothing more to say and closes the connection.
func (c *client) ends() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.in); err != nil || len(rest) > 0 {
		c.t.Errorf("got %q, %v, want the end of the connection", rest, err)
	}
}

// echo answers with the target, the host and the body.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, _ = fmt.Fprintf(w, "%s %s %s", Target(r), r.Host, b)
})

func TestTargetsReachTheHandlerAsSent(t *testing.T) {
	_, addr := serve(t, Options{Handler: echo})
	c := dial(t, addr)
	for _, tt := range accepts {
		if strings.HasSuffix(tt.name, "1.0") {
			continue
		}
		c.send(tt.request)
		status, body, _ := c.response()
		if target, _, _ := strings.Cut(body, " "); status != 200 || target != tt.target {
			t.Errorf("%s: got %d %q, want 200 %q", tt.name, status, target, tt.target)
		}
	}
}

func TestRefusalsAreAnsweredAndClose(t *testing.T) {
	_, addr := serve(t, Options{HeaderBytes: testLimit, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err == nil {
			t.Errorf("%q and its body reached the handler", Target(r))
		}
	})})
	for _, tt := range refuses {
		t.Run(tt.name, func(t *testing.T) {
			c := dial(t, addr)
			c.send(tt.request)
			status, body, h := c.response()
			if status != tt.status || h.Get("Connection") != "close" || len(body) > 80 {
				t.Errorf("got %d %q %v, want %d, a short text and Connection: close", status, body, h, tt.status)
			}
			if allow := h.Get("Allow"); (allow != "") != (status == 405) {
				t.Errorf("got Allow %q with %d", allow, status)
			}
			_ = c.Conn.(*net.TCPConn).CloseWrite() // the server would else wait for us to have read
			c.ends()
		})
	}
}

func TestPipelinedRequestsAreAnsweredInOrderAndEachVetted(t *testing.T) {
	begun, release := make(chan bool, 9), make(chan bool)
	_, addr := serve(t, Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun <- true
		<-release
		if r.Context().Err() != nil {
			t.Error("a request was cancelled by the one behind it")
		}
		echo(w, r)
	})})
	c := dial(t, addr)
	c.send("GET /%1 HTTP/1.1\r\n" + ok + "POST /2 HTTP/1.1\r\nContent-Length: 3\r\n" + ok + "two" +
		"GET /%3 HTTP/1.1\r\n" + ok + "GET /4 HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n" + ok + "0\r\n\r\n")
	for _, want := range []string{"/%1 example.org ", "/2 example.org two", "/%3 example.org "} {
		<-begun
		release <- true
		if status, body, _ := c.response(); status != 200 || body != want {
			t.Errorf("got %d %q, want 200 %q", status, body, want)
		}
	}
	if status, _, _ := c.response(); status != 400 {
		t.Errorf("got %d, want 400", status)
	}
}

func TestMalformedChunkAfterTheAnswerBeganAddsNothingToIt(t *testing.T) {
	_, addr := serve(t, Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "2")
		_, _ = io.WriteString(w, "ok")
		_ = http.NewResponseController(w).Flush()
		if _, err := io.ReadAll(r.Body); !errors.Is(err, ErrMalformed) {
			t.Errorf("got %v, want ErrMalformed", err)
		}
	})})
	c := dial(t, addr)
	c.send(chunked + "1\r\na\r\n")
	if status, body, _ := c.response(); status != 200 || body != "ok" {
		t.Errorf("got %d %q, want the handler's answer", status, body)
	}
	c.send("x\r\n")
	_ = c.Conn.(*net.TCPConn).CloseWrite()
	c.ends()
}

func TestPragmaAloneIsNotGivenACacheControl(t *testing.T) {
	_, addr := serve(t, Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%q %q", r.Header["Pragma"], r.Header["Cache-Control"])
	})})
	c := dial(t, addr)
	for field, want := range map[string]string{
		"Pragma: no-cache\r\n":                             `["no-cache"] []`,
		"Pragma: no-cache\r\nCache-Control: max-age=0\r\n": `["no-cache"] ["max-age=0"]`,
	} {
		c.send("GET / HTTP/1.1\r\n" + field + ok)
		if _, got, _ := c.response(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestHTTP10KeepsTheConnectionOnlyWhenAsked(t *testing.T) {
	_, addr := serve(t, Options{Handler: echo})
	c := dial(t, addr)
	c.send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
	if status, body, _ := c.response(); status != 200 || body != "/1  " {
		t.Errorf("got %d %q", status, body)
	}
	c.send("GET /2 HTTP/1.0\r\n\r\n")
	if status, body, _ := c.response(); status != 200 || body != "/2  " {
		t.Errorf("got %d %q", status, body)
	}
	c.ends()
}

func TestTrailersReachTheHandler(t *testing.T) {
	_, addr := serve(t, Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, r.Trailer.Get("X-Sum"))
	})})
	c := dial(t, addr)
	c.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n" + ok + "1\r\na\r\n0\r\nX-Sum: 42\r\n\r\n")
	if _, got, _ := c.response(); got != "42" {
		t.Errorf("got %q, want the trailer", got)
	}
}

func TestContinueIsSentWhenTheHandlerReads(t *testing.T) {
	_, addr := serve(t, Options{Handler: echo})
	c := dial(t, addr)
	c.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n" + ok)
	if line, _ := c.in.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("got %q, want 100", line)
	}
	_, _ = c.in.ReadString('\n')
	c.send("body")
	if status, body, _ := c.response(); status != 200 || !strings.HasSuffix(body, "body") {
		t.Errorf("got %d %q", status, body)
	}
}

func TestUnreadBodyThatArrivesKeepsTheConnection(t *testing.T) {
	_, addr := serve(t, Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if Target(r) == "/some" {
			_, _ = r.Body.Read(make([]byte, 1))
		}
	})})
	c := dial(t, addr)
	for _, target := range []string{"/some", "/none", "/some", "/none"} {
		c.send("POST " + target + " HTTP/1.1\r\nContent-Length: 4\r\n" + ok + "bo")
		c.send("dyPOST " + target + " HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + ok + "4\r\nbody\r\n0\r\n\r\n")
		for range 2 {
			if status, _, _ := c.response(); status != 200 {
				t.Errorf("got %d", status)
			}
		}
	}
}

func TestRestOfABodyIsNeverTakenForARequest(t *testing.T) {
	_, addr := serve(t, Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if Target(r) != "/" {
			t.Errorf("%s was served from within a body", Target(r))
		}
		// A handler that gives up on a body by itself.
		_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0))
		_, _ = io.Copy(io.Discard, r.Body)
	})})
	for _, expect := range []string{"", "Expect: 100-continue\r\n"} {
		c := dial(t, addr)
		c.send("POST / HTTP/1.1\r\n" + expect + "Content-Length: 1000\r\n" + ok)
		if status, _, _ := c.response(); status != 200 {
			t.Errorf("got %d", status)
		}
		c.send("GET /smuggled HTTP/1.1\r\n" + ok)
		_ = c.Conn.(*net.TCPConn).CloseWrite()
		c.ends()
	}
}

func TestEarlyAnswerArrivesThoughTheUploadGoesOn(t *testing.T) {
	_, addr := serve(t, Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	})})
	c := dial(t, addr)
	c.send("POST / HTTP/1.1\r\nContent-Length: 100000000\r\n" + ok)
	sent := make(chan error, 1)
	go func() {
		_, err := io.CopyN(c, zeros{}, 4<<20)
		sent <- err
	}()
	if status, _, _ := c.response(); status != 413 {
		t.Errorf("got %d, want 413", status)
	}
	if err := <-sent; err != nil {
		t.Errorf("upload: %v, want it taken while the answer is on its way", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestAnswerAndUploadRunAtOnce(t *testing.T) {
	_, addr := serve(t, Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		_, _ = io.Copy(flusher{w}, r.Body)
	})})
	c := dial(t, addr)
	c.send("POST / HTTP/1.1\r\nContent-Length: 4\r\n" + ok)
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range "ping" {
		c.send(string(want))
		got := make([]byte, 1)
		if _, err := io.ReadFull(r.Body, got); err != nil || got[0] != byte(want) {
			t.Fatalf("got %q, %v, want %q before the next byte is sent", got, err, want)
		}
	}
}

type flusher struct{ w http.ResponseWriter }

func (f flusher) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	return n, errors.Join(err, http.NewResponseController(f.w).Flush())
}

func TestClientThatHangsUpCancelsTheContext(t *testing.T) {
	begun, cancelled := make(chan bool), make(chan error)
	_, addr := serve(t, Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun <- true
		<-r.Context().Done()
		cancelled <- r.Context().Err()
	})})
	for _, request := range []string{
		"GET / HTTP/1.1\r\n" + ok,
		"GET / HTTP/1.1\r\n" + ok + "GET / HT", // half a request behind it
	} {
		c := dial(t, addr)
		c.send(request)
		<-begun
		_ = c.Close()
		if err := <-cancelled; err != context.Canceled {
			t.Errorf("got %v, want the context cancelled", err)
		}
	}
}

func TestPanicIsLoggedOnceAndTheNextRequestServed(t *testing.T) {
	var log bytes.Buffer
	_, addr := serve(t, Options{Logger: slog.New(slog.NewJSONHandler(&log, nil)), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if Target(r) == "/panic" {
			_, _ = io.WriteString(w, "half an answer")
			_ = http.NewResponseController(w).Flush()
			panic("at the disco")
		}
	})})
	c := dial(t, addr)
	c.send("GET /panic HTTP/1.1\r\n" + ok)
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r.Body); err == nil {
		t.Error("a broken answer ended as if it were whole")
	}
	c = dial(t, addr)
	c.send("GET / HTTP/1.1\r\n" + ok)
	if status, _, _ := c.response(); status != 200 {
		t.Errorf("got %d", status)
	}
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "at the disco") || !strings.Contains(log.String(), "server_test.go") {
		t.Errorf("got %d lines, want one with the panic and its stack: %s", n, &log)
	}
}

func TestAbortedAnswerOfHTTP10IsAReset(t *testing.T) {
	_, addr := serve(t, Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half an answer")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})})
	c := dial(t, addr)
	c.send("GET / HTTP/1.0\r\n\r\n")
	if got, err := io.ReadAll(c.in); err == nil {
		t.Errorf("got %q and a clean end, want an error", got)
	}
}

func TestShutdownLetsTheRequestInFlightFinish(t *testing.T) {
	begun, release := make(chan bool), make(chan bool)
	s, addr := serve(t, Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun <- true
		<-release
		_, _ = io.WriteString(w, "done")
	})})
	idle, busy := dial(t, addr), dial(t, addr)
	idle.send("GET / HTTP/1.1\r\n" + ok)
	<-begun
	release <- true
	idle.response()
	busy.send("GET / HTTP/1.1\r\n" + ok)
	<-begun
	down := make(chan error)
	go func() { down <- s.Shutdown(context.Background()) }()
	idle.ends()
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Error("the listener is still open")
	}
	close(release)
	if _, body, h := busy.response(); body != "done" || h.Get("Connection") != "close" {
		t.Errorf("got %q, %v, want the answer and Connection: close", body, h)
	}
	if err := <-down; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

func TestConnectionsOverTheLimitWait(t *testing.T) {
	s, addr := serve(t, Options{Handler: echo, Connections: 1})
	first := dial(t, addr)
	first.send("GET /1 HTTP/1.1\r\n" + ok)
	first.response()
	second := dial(t, addr)
	second.send("GET /2 HTTP/1.1\r\n" + ok)
	if n := s.Connections(); n != 1 {
		t.Errorf("got %d connections, want 1", n)
	}
	_ = first.Close()
	if status, _, _ := second.response(); status != 200 {
		t.Errorf("got %d", status)
	}
}

func TestServeReturnsWhatTheListenerFailedWith(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if err := New(Options{Handler: echo}).Serve(l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want the listener's error", err)
	}
}

func TestLogKnowsOurFaultsFromTheClients(t *testing.T) {
	var log bytes.Buffer
	w := logWriter{slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelInfo}))}
	for _, line := range []string{"http: Accept error: too many open files; retrying in 5ms\n", "http2: server: error reading preface\n"} {
		if _, err := w.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "level=WARN") {
		t.Errorf("got %q, want one warning", got)
	}
}
