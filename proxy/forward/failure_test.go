package forward

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestGarbageIsABadGateway(t *testing.T) {
	long := "X: " + repeated(1000) + "\r\n"
	for name, response := range map[string]string{
		"no HTTP":                    "SSH-2.0-OpenSSH_9.2\r\n",
		"another HTTP":               "HTTP/2.0 200 OK\r\n\r\n",
		"no status":                  "HTTP/1.1 \r\n\r\n",
		"a status of two digits":     "HTTP/1.1 20 OK\r\n\r\n",
		"a status of four":           "HTTP/1.1 2000 OK\r\n\r\n",
		"a status below 100":         "HTTP/1.1 099 Eh\r\n\r\n",
		"a signed status":            "HTTP/1.1 +20 OK\r\n\r\n",
		"a line without a colon":     "HTTP/1.1 200 OK\r\nX\r\n\r\n",
		"a space in a name":          "HTTP/1.1 200 OK\r\nContent Length: 5\r\n\r\n",
		"half a head":                "HTTP/1.1 200 OK\r\nX: y\r\n",
		"a head without end":         "HTTP/1.1 200 OK\r\n" + strings.Repeat(long, headLimit/len(long)+1) + "\r\n",
		"a status line without end":  "HTTP/1.1 200 " + repeated(headLimit+1) + "\r\n\r\n",
		"interim responses for ever": strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", headLimit/20),
		"nothing after an interim":   "HTTP/1.1 103 Early Hints\r\n\r\n",
		"two lengths":                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"a negative length":          "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"a signed length":            "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
		"an empty length":            "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
		"an unknown coding":          "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"two codings":                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"chunked twice":              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		"a coding in HTTP/1.0":       "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a switch nobody asked for":  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			u := upstream(t, func(k *talker) {
				k.head()
				io.WriteString(k.Conn, response) // which nobody need hear to its end
			})
			d := front(t, u)
			got := d.ask(t, get)
			if name == "nothing after an interim" || name == "interim responses for ever" {
				got = got[strings.LastIndex(got, "HTTP/1.1 "):]
			}
			if !strings.HasPrefix(got, "HTTP/1.1 502 ") {
				t.Errorf("client received %.200q", got)
			}
			if r := <-d.results; !errors.Is(r.Err, ErrGarbage) || r.Broken {
				t.Errorf("result %+v, want %v", r, ErrGarbage)
			}
			if n := d.attempts(); n != 1 {
				t.Errorf("%d attempts, want 1", n)
			}
		})
	}
}

func TestTruncatedResponseIsTruncatedForTheClient(t *testing.T) {
	for name, c := range map[string]struct{ response, want string }{
		"length known": {
			"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
			"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nabc"},
		"nothing of it": {
			"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"},
		"between two chunks": {
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
			"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
		"within a chunk": {
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
			"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
		"a bad chunk": {
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
			"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
		"before the trailers": {
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
			"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
		"bad trailers": {
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX\r\n\r\n",
			"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			u := upstream(t, func(k *talker) {
				k.head()
				k.say("%s", c.response)
			})
			d := front(t, u)
			k := d.client(t)
			k.say(get)
			if got := k.broken(); got != c.want {
				t.Errorf("client received\n%q, want\n%q", got, c.want)
			}
			if r := <-d.results; !errors.Is(r.Err, ErrTruncated) || !r.Broken || r.Status != 200 {
				t.Errorf("result %+v, want %v", r, ErrTruncated)
			}
		})
	}
}

func TestNobodyThereIsUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	d := front(t, &url.URL{Scheme: "http", Host: l.Addr().String()})
	if got := d.ask(t, get); !strings.HasPrefix(got, "HTTP/1.1 502 ") {
		t.Errorf("client received %q", got)
	}
	r := <-d.results
	if !errors.Is(r.Err, ErrUnreachable) || r.Status != 502 || r.Sent == 0 || r.Broken {
		t.Errorf("result %+v, want %v", r, ErrUnreachable)
	}
	if n := d.attempts(); n != 0 {
		t.Errorf("%d attempts were counted where no byte was written", n)
	}
}

func TestUnknownNamesAndBadCertificatesAreUnreachable(t *testing.T) {
	secure := httptest.NewTLSServer(nil)
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = discarded
	u, _ := url.Parse(secure.URL)
	for _, u := range []*url.URL{u, {Scheme: "http", Host: "name.invalid"}, {Scheme: "http", Host: "127.0.0.1:99999"}} {
		f := New(Options{Terms: Terms{Upstream: Upstream{u}}})
		_, err := f.RoundTrip(f.Outgoing(t.Context(), httptest.NewRequest("GET", "/", nil), "/"))
		if !errors.Is(err, ErrUnreachable) {
			t.Errorf("%v: got %v, want %v", u, err, ErrUnreachable)
		}
		f.Close()
	}
}

func TestHandshakeThatNeverEndsTimesOut(t *testing.T) {
	u := upstream(t, func(k *talker) { k.broken() })
	f := New(Options{Terms: Terms{Upstream: Upstream{{Scheme: "https", Host: u.Host}}, TLS: new(tls.Config)}, DialTimeout: time.Millisecond})
	t.Cleanup(f.Close)
	_, err := f.RoundTrip(f.Outgoing(t.Context(), httptest.NewRequest("GET", "/", nil), "/"))
	if !errors.Is(err, ErrTimeout) {
		t.Errorf("got %v, want %v", err, ErrTimeout)
	}
}

func TestEndOfTheContextIsNoFaultOfTheUpstream(t *testing.T) {
	route := errors.New("the route's timeout")
	for name, c := range map[string]struct {
		end  func(context.CancelCauseFunc)
		want error
	}{
		"cancelled":               {func(cancel context.CancelCauseFunc) { cancel(nil) }, ErrGone},
		"cancelled for a reason":  {func(cancel context.CancelCauseFunc) { cancel(route) }, ErrGone},
		"cancelled as a deadline": {func(cancel context.CancelCauseFunc) { cancel(context.DeadlineExceeded) }, ErrTimeout},
	} {
		for _, moment := range []string{"before the head", "within the body"} {
			t.Run(name+" "+moment, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				u := upstream(t, func(k *talker) {
					k.head()
					if moment == "within the body" {
						k.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
					} else {
						c.end(cancel)
					}
					k.broken()
				})
				f := New(Options{Terms: Terms{Upstream: Upstream{u}}})
				t.Cleanup(f.Close)
				resp, err := f.RoundTrip(f.Outgoing(ctx, httptest.NewRequest("GET", "/", nil), "/"))
				if err == nil {
					io.ReadFull(resp.Body, make([]byte, 3))
					c.end(cancel)
					_, err = resp.Body.Read(make([]byte, 1))
					resp.Body.Close()
				}
				if !errors.Is(err, c.want) || errors.Is(err, ErrTruncated) {
					t.Errorf("got %v, want %v", err, c.want)
				}
			})
		}
	}
}

func TestDeadlineIsATimeout(t *testing.T) {
	u := upstream(t, func(k *talker) { k.head(); k.broken() })
	f := New(Options{Terms: Terms{Upstream: Upstream{u}}})
	t.Cleanup(f.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := f.RoundTrip(f.Outgoing(ctx, httptest.NewRequest("GET", "/", nil), "/"))
	if !errors.Is(err, ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, ErrTimeout)
	}
}

func TestClientHangingUpEndsItsRequest(t *testing.T) {
	const upload = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc"
	for name, request := range map[string]string{"while it waits": "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "while it sends": upload} {
		t.Run(name, func(t *testing.T) {
			asked, ended := make(chan struct{}), make(chan struct{})
			u := upstream(t, func(k *talker) {
				k.head()
				close(asked)
				k.broken()
				close(ended)
			})
			d := front(t, u)
			k := d.client(t)
			k.say("%s", request)
			<-asked
			k.Close()
			<-ended
			if r := <-d.results; !errors.Is(r.Err, ErrGone) || r.Status != 499 || r.Sent != 0 || !r.Broken {
				t.Errorf("result %+v, want %v", r, ErrGone)
			}
		})
	}
	t.Run("while it receives", func(t *testing.T) {
		u := upstream(t, func(k *talker) {
			k.head()
			k.say("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
			io.Copy(k.Conn, pattern{})
		})
		d := front(t, u)
		k := d.client(t)
		k.say(get)
		k.head()
		k.reset()
		if r := <-d.results; !errors.Is(r.Err, ErrGone) || r.Status != 200 || !r.Broken {
			t.Errorf("result %+v, want %v", r, ErrGone)
		}
	})
}
