package frontdoor

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

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
