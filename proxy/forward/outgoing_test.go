package forward

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTargetsReachTheUpstreamByteForByte(t *testing.T) {
	u, heads := answering(t, ok)
	f := New(Options{Terms: Terms{Upstream: Upstream{u}}})
	t.Cleanup(f.Close)
	for _, target := range []string{
		"/", "/?", "/a?", "/a??b", "/a%2Fb", "/a%2fb", "/%41", "/a;b=c?d;e=f&g", "/a?%zz&%", "/%", "/a%zzb",
		"//", "//host/a", "//host:80/%zz", "//a", "///a", "/a//b", "/./a/../b", "/a?b=//c", "//\"<>^`{|}",
		"/\xff\xfe", "//\xff", "/ä", "/a#b", "/a\\b", "/http://h/a", "/[::1]", "/:", "/a:b", "/*", "*",
		"/" + strings.Repeat("x", 9000), "//" + strings.Repeat("x", 9000),
	} {
		r := httptest.NewRequest("GET", "/", nil)
		if target == "*" {
			r.Method = "OPTIONS"
		}
		resp, err := f.RoundTrip(f.Outgoing(t.Context(), r, target))
		if err != nil {
			t.Errorf("target %.40q: %v", target, err)
			continue
		}
		resp.Body.Close()
		line, _, _ := strings.Cut(<-heads, "\r\n")
		if want := r.Method + " " + target + " HTTP/1.1"; line != want {
			t.Errorf("target %.40q: upstream received %q", target, line)
		}
	}
}

func TestRequestsThatWouldArriveAsSomethingElseAreRefused(t *testing.T) {
	f := New(Options{Terms: Terms{Upstream: Upstream{upstream(t, func(k *talker) { t.Error("upstream was asked") })}}})
	t.Cleanup(f.Close)
	for _, c := range []struct{ method, target, host string }{
		{"GET", "/a HTTP/1.1", "h"}, {"GET", "/\x00", "h"}, {"GET", "/a\r\nX: y", "h"}, {"GET", "/\x7f", "h"},
		{"GET", "http://h/", "h"}, {"GET", "a", "h"}, {"CONNECT", "h:443", "h"},
		{"GET /a", "/", "h"}, {"", "/", "h"}, {"G\xffT", "/", "h"}, {"GET", "/", "h h"}, {"GET", "/", "h\r\nX: y"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Method, r.Host = c.method, c.host
		if _, err := f.RoundTrip(f.Outgoing(t.Context(), r, c.target)); !errors.Is(err, ErrRequest) {
			t.Errorf("%q %q %q: got %v, want %v", c.method, c.target, c.host, err, ErrRequest)
		}
	}
}

func TestWhatTheUpstreamReceives(t *testing.T) {
	const forwarded = "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: h\r\nX-Forwarded-Proto: http\r\n"
	for name, c := range map[string]struct{ request, want string }{
		"nothing is invented": {
			"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\n" + forwarded + "\r\n",
		},
		"repeated fields stay apart and in order": {
			"GET / HTTP/1.1\r\nHost: h\r\nA: 2\r\nB: x\r\nA: 1\r\nA:\r\nUser-Agent: u\r\nAccept-Encoding: br\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\nA: 2\r\nA: 1\r\nA: \r\nAccept-Encoding: br\r\nB: x\r\nUser-Agent: u\r\n" + forwarded + "\r\n",
		},
		"hop-by-hop fields stay behind": {
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-One\r\nConnection: , x-TWO ,\r\nX-One: 1\r\nX-Two: 2\r\nKeep-Alive: timeout=5\r\n" +
				"Proxy-Connection: x\r\nProxy-Authorization: x\r\nTE: gzip\r\nUpgrade: websocket\r\nHTTP2-Settings: x\r\nX-Three: 3\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\n" + forwarded + "X-Three: 3\r\n\r\n",
		},
		"Connection cannot remove what we say": {
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: X-Forwarded-For, Host\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\n" + forwarded + "\r\n",
		},
		"TE: trailers": {
			"GET / HTTP/1.1\r\nHost: h\r\nTE: gzip, Trailers;q=0.5\r\nConnection: TE\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: TE\r\nTe: trailers\r\n" + forwarded + "\r\n",
		},
		"upgrade to h2c is none": {
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\n" + forwarded + "\r\n",
		},
		"of several upgrades h2c is left out": {
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: H2C, websocket\r\nUpgrade: x/2\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket, x/2\r\n" + forwarded + "\r\n",
		},
		"HTTP/1.0 knows no upgrade": {
			"GET / HTTP/1.0\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\n" + forwarded + "\r\n",
		},
		"empty POST": {
			"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nIdempotency-Key: k\r\n\r\n",
			"POST / HTTP/1.1\r\nHost: h\r\nIdempotency-Key: k\r\n" + forwarded + "Content-Length: 0\r\n\r\n",
		},
		"GET that says that it is empty": {
			"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\n" + forwarded + "Content-Length: 0\r\n\r\n",
		},
		"an unusual method": {
			"M-SEARCH / HTTP/1.1\r\nHost: h\r\n\r\n",
			"M-SEARCH / HTTP/1.1\r\nHost: h\r\n" + forwarded + "\r\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			u, heads := answering(t, ok)
			d := front(t, u)
			d.client(t).say("%s", c.request)
			<-d.results
			if got := <-heads; got != c.want {
				t.Errorf("upstream received\n%q, want\n%q", got, c.want)
			}
		})
	}
}

func TestHTTP10ClientWithoutHostGetsTheUpstreams(t *testing.T) {
	u, heads := answering(t, ok)
	front(t, u).ask(t, "GET / HTTP/1.0\r\n\r\n")
	if got, want := <-heads, "GET / HTTP/1.1\r\nHost: "+u.Host+"\r\n"; !strings.HasPrefix(got, want) {
		t.Errorf("upstream received %q, want %q", got, want)
	}
}

func TestOutgoingHeaderIsACopy(t *testing.T) {
	f := New(Options{Terms: Terms{Upstream: Upstream{upstream(t, func(*talker) {})}}})
	t.Cleanup(f.Close)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header = http.Header{"A": {"1", "2"}, "Connection": {"A"}, "X-Forwarded-For": {"1.2.3.4"}}
	before := r.Header.Clone()
	out := f.Outgoing(context.Background(), r, "/")
	out.Header.Add("A", "3")
	for name := range before {
		if got, want := r.Header[name], before[name]; strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%s of the original became %q, want %q", name, got, want)
		}
	}
}
