package frontdoor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
)

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
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "at the disco") || !strings.Contains(log.String(), "lifecycle_test.go") {
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
