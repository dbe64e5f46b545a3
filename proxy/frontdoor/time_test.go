package frontdoor

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A pipes is a listener in memory, for bubbles.
type pipes struct {
	server *Server
	conns  chan net.Conn
	done   chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(t testing.TB) *client {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	t.Cleanup(func() { _ = ours.Close() })
	return &client{ours, t, bufio.NewReader(ours)}
}

// hours runs test in a bubble. What it starts is a Server whose limits are the defaults and a StallTimeout of a minute.
func hours(t *testing.T, test func(t *testing.T, start func(Options) *pipes)) {
	synctest.Test(t, func(t *testing.T) {
		test(t, func(o Options) *pipes {
			o.StallTimeout = time.Minute
			s, l := New(o), &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
			l.server = s
			done := make(chan error, 1)
			go func() { done <- s.Serve(l) }()
			t.Cleanup(func() {
				_ = s.Close()
				<-done
			})
			return l
		})
	})
}

// closes fails unless the connection is closed by the server, without a word, the given time from now.
func (c *client) closes(in time.Duration) {
	c.t.Helper()
	from := time.Now()
	rest, _ := io.ReadAll(c.in)
	if took := time.Since(from); len(rest) > 0 || took != in {
		c.t.Errorf("got %q and the end after %v, want the end after %v", rest, took, in)
	}
}

func TestSlowHeadIsCut(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		l := start(Options{Handler: echo})
		c := l.dial(t)
		time.Sleep(time.Minute) // a connection may be opened long before it is used
		c.send("GET / HTTP/1.1\r\n")
		time.Sleep(9 * time.Second)
		c.send("X: y\r\n")
		c.closes(time.Second)
	})
}

func TestSlowHeadAfterAnotherRequestIsCut(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		l := start(Options{Handler: echo})
		c := l.dial(t)
		c.send("GET / HTTP/1.1\r\n" + ok)
		c.response()
		time.Sleep(time.Minute)
		c.send("G")
		c.closes(10 * time.Second)
	})
}

func TestIdleConnectionIsClosed(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		l := start(Options{Handler: echo})
		c := l.dial(t)
		c.send("GET / HTTP/1.1\r\n" + ok)
		c.response()
		c.closes(75 * time.Second)
		l.dial(t).closes(75 * time.Second)
	})
}

func TestHandlerMayTakeAnHourWithHalfARequestBehindIt(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		l := start(Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(time.Hour):
			case <-r.Context().Done():
				t.Error("the request was cut")
			}
		})})
		c := l.dial(t)
		c.send("GET / HTTP/1.1\r\n" + ok)
		c.send("GET / HT")
		if status, _, _ := c.response(); status != 200 {
			t.Errorf("got %d", status)
		}
		c.closes(10 * time.Second)
	})
}

func TestBodyIsCutWhenItStallsAndNotWhenItIsSlow(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		got := make(chan error, 1)
		l := start(Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := io.Copy(io.Discard, r.Body)
			got <- err
		})})
		c := l.dial(t)
		c.send("POST / HTTP/1.1\r\nContent-Length: 100\r\n" + ok)
		for range 99 {
			time.Sleep(59 * time.Second)
			c.send("a")
		}
		from := time.Now()
		if err := <-got; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(from) != time.Minute {
			t.Errorf("got %v after %v, want a timeout after a minute", err, time.Since(from))
		}
	})
}

func TestAnswerIsCutWhenItsReaderStallsAndNotWhenItIsSlow(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		got := make(chan error, 1)
		l := start(Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := w.Write(make([]byte, 1<<20))
			got <- err
		})})
		c := l.dial(t)
		c.send("GET / HTTP/1.1\r\n" + ok)
		for range 100 {
			time.Sleep(59 * time.Second)
			if _, err := c.Conn.Read(make([]byte, 1)); err != nil {
				t.Fatalf("the answer was cut: %v", err)
			}
		}
		from := time.Now()
		err, took := <-got, time.Since(from)
		if !errors.Is(err, os.ErrDeadlineExceeded) || took < time.Minute || took > 2*time.Minute {
			t.Errorf("got %v after %v, want a timeout after one to two minutes", err, took)
		}
	})
}

func TestEventStreamMayBeSilent(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		l := start(Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for range 3 {
				_, _ = io.WriteString(w, "data: x\n\n")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(time.Hour)
			}
		})})
		c := l.dial(t)
		c.send("GET / HTTP/1.1\r\n" + ok)
		if _, body, _ := c.response(); strings.Count(body, "data") != 3 {
			t.Errorf("got %q", body)
		}
	})
}

func TestHijackedConnectionMayBeSilent(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		l := start(Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if Target(r) == "/before" {
				return
			}
			c, b, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Errorf("Hijack: %v", err)
				return
			}
			defer func() { _ = c.Close() }()
			_, _ = io.Copy(c, b)
		})})
		c := l.dial(t)
		c.send("GET /before HTTP/1.1\r\n" + ok)
		c.response() // the limits of this exchange must not outlast it
		c.send("GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: echo\r\n" + ok)
		for range 3 {
			time.Sleep(5 * time.Hour)
			c.send("\x00raw\n")
			time.Sleep(5 * time.Hour)
			if got, err := c.in.ReadString('\n'); got != "\x00raw\n" {
				t.Fatalf("got %q, %v", got, err)
			}
		}
		_ = c.Close()
	})
}

func TestSilentTLSClientHoldsUpNobody(t *testing.T) {
	config, roots := certificate(t)
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		l := start(Options{Handler: echo, TLS: config})
		silent := l.dial(t)
		c := l.dial(t).secure(roots, "http/1.1")
		c.send("GET / HTTP/1.1\r\n" + ok)
		if status, _, _ := c.response(); status != 200 {
			t.Errorf("got %d", status)
		}
		_ = c.Close()
		silent.closes(10 * time.Second)
	})
}

// h2c returns an HTTP/2 client over l.
func h2c(t *testing.T, l *pipes) *http.Client {
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &p, DialContext: func(context.Context, string, string) (net.Conn, error) {
		return l.dial(t).Conn, nil
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestStreamIsCutWhenItsReaderStalls(t *testing.T) {
	type end struct {
		took time.Duration
		err  error
	}
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		got := make(chan end, 1)
		l := start(Options{H2C: true, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).Flush()
			time.Sleep(time.Hour)
			from := time.Now()
			_, err := w.Write(make([]byte, 16<<20)) // more than the client's windows take
			got <- end{time.Since(from), err}
		})})
		resp, err := h2c(t, l).Get("http://example.org/")
		if err != nil {
			t.Fatal(err)
		}
		if e := <-got; e.err == nil || e.took != time.Minute {
			t.Errorf("got %v after %v, want an error after a minute", e.err, e.took)
		}
		_ = resp.Body.Close()
	})
}

func TestStreamIsCutWhenItsBodyStalls(t *testing.T) {
	hours(t, func(t *testing.T, start func(Options) *pipes) {
		got := make(chan error, 1)
		l := start(Options{H2C: true, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := io.Copy(io.Discard, r.Body)
			got <- err
		})})
		body, feed := io.Pipe()
		go func() {
			resp, err := h2c(t, l).Post("http://example.org/", "text/plain", body)
			if err == nil {
				_ = resp.Body.Close()
			}
		}()
		for range 3 {
			time.Sleep(59 * time.Second)
			_, _ = feed.Write([]byte("a"))
		}
		from := time.Now()
		if err := <-got; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(from) != time.Minute {
			t.Errorf("got %v after %v, want a timeout after a minute", err, time.Since(from))
		}
		_ = feed.Close()
	})
}

func TestShutdownDoesNotWaitForConnectionsThatNeverSpoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := New(Options{Handler: echo}), &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		done := make(chan error, 1)
		go func() { done <- s.Serve(l) }()
		c := l.dial(t)
		synctest.Wait()
		from := time.Now()
		if err := s.Shutdown(t.Context()); err != nil || time.Since(from) > time.Second {
			t.Errorf("got %v after %v, want no wait", err, time.Since(from))
		}
		c.closes(0)
		<-done
	})
}
