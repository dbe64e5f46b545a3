package frontdoor

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"testing"
	"time"
)

func TestRetiredServerServesOnAndSaysClose(t *testing.T) {
	s, addr := serve(t, Options{Handler: echo})
	idle := dial(t, addr)
	idle.send("GET /1 HTTP/1.1\r\n" + ok)
	if _, _, h := idle.response(); h.Get("Connection") != "" {
		t.Errorf("got Connection: %q before", h.Get("Connection"))
	}
	s.Retire()
	for name, c := range map[string]*client{"a connection that was idle": idle, "a new connection": dial(t, addr)} {
		c.send("GET /2 HTTP/1.1\r\n" + ok)
		if status, _, h := c.response(); status != 200 || h.Get("Connection") != "close" {
			t.Errorf("%s: got %d, %v, want 200 and Connection: close", name, status, h)
		}
		c.ends()
	}
	waitForNobody(t, s)
}

func TestRetiredServerSaysGoAwayOverHTTP2(t *testing.T) {
	s, addr := serve(t, Options{Handler: echo, H2C: true})
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	defer transport.CloseIdleConnections()
	reuses := func() (reused bool) {
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }})
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 || resp.ProtoMajor != 2 {
			t.Errorf("got %s %s, %v", resp.Proto, resp.Status, err)
		}
		return reused
	}
	if reuses() || !reuses() {
		t.Fatal("want the second request on the first one's connection")
	}
	s.Retire()
	reuses() // is told, with the answer
	waitForNobody(t, s)
	if reuses() {
		t.Error("the connection was used again")
	}
}

// waitForNobody waits until all connections are closed.
func waitForNobody(t *testing.T, s *Server) {
	t.Helper()
	select {
	case <-s.vacated():
	case <-time.After(10 * time.Second):
		t.Fatal("connections are still open")
	}
}

func TestShutdownWaitsForTunnels(t *testing.T) {
	hijacked, release := make(chan bool), make(chan bool)
	s, addr := serve(t, Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		hijacked <- true
		<-release
		_ = c.Close()
	})})
	c := dial(t, addr)
	c.send("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n" + ok)
	<-hijacked
	if got, want := s.Tally(), (Tally{Connections: 1, Hijacked: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Shutdown(over); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want what ended the wait", err)
	}
	close(release)
	if err := s.Shutdown(context.Background()); err != nil {
		t.Errorf("got %v, want all gone", err)
	}
}

func TestTallyTellsWhatIsBeingAnsweredFromWhatIs(t *testing.T) {
	begun, release := make(chan bool), make(chan bool)
	s, addr := serve(t, Options{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		begun <- true
		<-release
	})})
	c := dial(t, addr)
	c.send("GET / HTTP/1.1\r\n" + ok)
	<-begun
	if got, want := s.Tally(), (Tally{Connections: 1, Requests: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	close(release)
	c.response()
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got, want := s.Tally(), (Tally{Answered: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
