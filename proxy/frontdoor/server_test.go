package frontdoor

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
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
