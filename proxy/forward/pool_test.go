package forward

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

func TestConnectionsAreKept(t *testing.T) {
	for name, response := range map[string]string{
		"length known":        ok,
		"chunked":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n",
		"304":                 "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
		"HTTP/1.0 keep-alive": "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			var accepted atomic.Int32
			u := upstream(t, func(k *talker) {
				accepted.Add(1)
				for k.head() != "" {
					k.say("%s", response)
				}
			})
			d := front(t, u)
			for range 3 {
				d.ask(t, get)
			}
			if n := accepted.Load(); n != 1 {
				t.Errorf("%d connections, want 1", n)
			}
		})
	}
}

func TestCloseClosesWhatIsIdleAndKeepsNothingMore(t *testing.T) {
	ended := make(chan struct{}, 2)
	u := upstream(t, func(k *talker) {
		for k.head() != "" {
			k.say(ok)
		}
		ended <- struct{}{}
	})
	f := New(Options{Terms: Terms{Upstream: Upstream{u}}})
	ask := func() {
		resp, err := f.RoundTrip(f.Outgoing(t.Context(), httptest.NewRequest("GET", "/", nil), "/"))
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
	}
	ask()
	f.Close()
	<-ended
	ask()
	<-ended
	f.Close()
}

func TestIdleConnectionsAreClosedByUs(t *testing.T) {
	ended := make(chan struct{})
	u := upstream(t, func(k *talker) {
		for k.head() != "" {
			k.say(ok)
		}
		close(ended)
	})
	d := front(t, u, func(o *Options) { o.IdleTimeout = time.Millisecond })
	d.ask(t, get)
	<-ended
}

func TestNoMoreThanMaxIdleConnectionsAreKept(t *testing.T) {
	const most, used = 2, 5
	ended := make(chan struct{}, used)
	u := upstream(t, func(k *talker) {
		for k.head() != "" {
			k.say(ok)
		}
		ended <- struct{}{}
	})
	f := New(Options{Terms: Terms{Upstream: Upstream{u}}, MaxIdle: most, IdleTimeout: time.Hour})
	t.Cleanup(f.Close)
	var open []*http.Response
	for range used {
		resp, err := f.RoundTrip(f.Outgoing(t.Context(), httptest.NewRequest("GET", "/", nil), "/"))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, resp)
	}
	for _, resp := range open {
		io.Copy(io.Discard, resp.Body)
	}
	for range used - most {
		<-ended
	}
	if got := len(only(f).pool.idle); got != most {
		t.Errorf("%d connections are kept, want %d", got, most)
	}
}

func TestAConnectionThatTheUpstreamClosedIsNotUsed(t *testing.T) {
	closed := make(chan struct{}, 1)
	u := upstream(t, func(k *talker) {
		k.head()
		k.say(ok)
		k.Close()
		closed <- struct{}{}
	})
	d := front(t, u)
	for n := 1; n <= 3; n++ {
		d.ask(t, "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		<-closed
		if r := <-d.results; r.Err != nil || d.attempts() != n {
			t.Errorf("POST %d: %+v after %d attempts", n, r, d.attempts())
		}
	}
}

// only returns the one endpoint of f.
func only(f *Forwarder) *endpoint { return (*f.terms.Load().fleet.all.Load())[0] }
