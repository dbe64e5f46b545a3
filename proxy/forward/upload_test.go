package forward

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"runtime"
	"strings"
	"testing"
)

// request heads as clients send them and as the upstream must receive them, with bodies.
func TestBodiesKeepTheirFraming(t *testing.T) {
	const forwarded = "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: h\r\nX-Forwarded-Proto: http\r\n"
	for name, c := range map[string]struct{ request, want string }{
		"length known": {
			"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody",
			"POST / HTTP/1.1\r\nHost: h\r\n" + forwarded + "Content-Length: 4\r\n\r\nbody",
		},
		"GET with a body": {
			"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody",
			"GET / HTTP/1.1\r\nHost: h\r\n" + forwarded + "Content-Length: 4\r\n\r\nbody",
		},
		"chunked": {
			"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
			"POST / HTTP/1.1\r\nHost: h\r\n" + forwarded + "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
		},
		"chunked and empty": {
			"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\n" + forwarded + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		},
		"announced trailers": {
			"POST / HTTP/1.1\r\nHost: h\r\nTrailer: X-Sum, X-Never\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n",
			"POST / HTTP/1.1\r\nHost: h\r\n" + forwarded + "Transfer-Encoding: chunked\r\nTrailer: X-Never, X-Sum\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n",
		},
		"unannounced trailers, of which some may not travel": {
			"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 1\r\nConnection: close\r\nContent-Length: 9\r\n\r\n",
			"POST / HTTP/1.1\r\nHost: h\r\n" + forwarded + "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			u := upstream(t, func(k *talker) {
				k.hears(c.want)
				k.say(ok)
				k.head()
			})
			d := front(t, u)
			k := d.client(t)
			k.say("%s", c.request)
			if r := <-d.results; r.Status != 200 || r.Err != nil {
				t.Errorf("result %+v", r)
			}
			if answer := k.head(); strings.Contains(answer, "Connection: close") {
				t.Errorf("client was sent away: %q", answer)
			}
		})
	}
}

func TestHTTP2UploadsAreChunked(t *testing.T) {
	u := upstream(t, func(k *talker) {
		if h := k.head(); !strings.Contains(h, "\r\nTransfer-Encoding: chunked\r\n") {
			t.Errorf("upstream received %q", h)
		}
		k.hears("4\r\nbody\r\n0\r\n\r\n")
		k.say(ok)
		k.head()
	})
	resp := askHTTP2(t, front(t, u), "POST", io.MultiReader(strings.NewReader("body")))
	if resp.StatusCode != 200 {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestHTTP2RequestsWithoutContentSendNone(t *testing.T) {
	for method, want := range map[string]string{"GET": "", "POST": "Content-Length: 0\r\n"} {
		u := upstream(t, func(k *talker) {
			if h := k.head(); strings.Contains(h, "Transfer-Encoding") || !strings.HasSuffix(h, want+"\r\n") {
				t.Errorf("%s: upstream received %q", method, h)
			}
			k.say(ok)
			if more := k.rest(); more != "" {
				t.Errorf("%s: and then %q", method, more)
			}
		})
		if resp := askHTTP2(t, front(t, u), method, nil); resp.StatusCode != 200 {
			t.Errorf("%s: status %d", method, resp.StatusCode)
		}
	}
}

func TestChunkPutsItsSizeInFront(t *testing.T) {
	for _, n := range []int{1, 15, 16, 255, 4096, bufferSize - chunkHead - chunkTail} {
		buf := new([bufferSize]byte)
		got, err := io.ReadAll(httputil.NewChunkedReader(strings.NewReader(string(chunk(buf[:], n)) + "0\r\n")))
		if len(got) != n || err != nil {
			t.Errorf("chunk of %d: read %d, %v", n, len(got), err)
		}
	}
}

func TestExpectationIsTheUpstreamsToMeet(t *testing.T) {
	const request = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
	t.Run("it does", func(t *testing.T) {
		u := upstream(t, func(k *talker) {
			if h := k.head(); !strings.Contains(h, "\r\nExpect: 100-continue\r\n") {
				t.Errorf("upstream received %q", h)
			}
			k.say("HTTP/1.1 100 Continue\r\n\r\n")
			k.hears("body")
			k.say(ok)
			k.head()
		})
		k := front(t, u).client(t)
		k.say(request)
		k.hears("HTTP/1.1 100 Continue\r\n\r\n")
		k.say("body")
		k.hears("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	})
	t.Run("it refuses", func(t *testing.T) {
		u := upstream(t, func(k *talker) {
			k.head()
			k.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
			if after := k.broken(); after != "" {
				t.Errorf("upstream received %q of a body that it did not want", after)
			}
		})
		k := front(t, u).client(t)
		k.say(request)
		k.hears("HTTP/1.1 413 Request Entity Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
	})
	t.Run("it has never heard of it", func(t *testing.T) {
		u := upstream(t, func(k *talker) {
			k.head()
			k.hears("body")
			k.say("HTTP/1.1 100 Continue\r\n\r\n" + ok)
			k.head()
		})
		k := front(t, u).client(t)
		k.say(request)
		k.hears("HTTP/1.1 100 Continue\r\n\r\n")
		k.say("body")
		k.hears("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	})
}

func TestAnswerThatComesBeforeTheEndOfTheUploadIsRelayed(t *testing.T) {
	const early = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"
	const want = "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"
	t.Run("to a client that waits", func(t *testing.T) {
		u := upstream(t, func(k *talker) {
			k.head()
			k.say(early)
			k.broken()
		})
		d := front(t, u)
		k := d.client(t)
		k.say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\nfirst")
		if got := k.rest(); got != want {
			t.Errorf("client received %q, want %q", got, want)
		}
	})
	t.Run("to a client that goes on sending", func(t *testing.T) {
		u := upstream(t, func(k *talker) {
			k.head()
			k.say(early)
			k.Conn.(*net.TCPConn).CloseWrite()
		})
		d := front(t, u)
		k := d.client(t)
		k.say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n")
		sent := make(chan int64)
		go func() {
			n, _ := io.CopyN(k.Conn, pattern{}, 1000000000)
			sent <- n
		}()
		k.hears(want)
		k.Close()
		if n := <-sent; n == 1000000000 {
			t.Error("the whole upload was swallowed")
		}
	})
	t.Run("while both go on", func(t *testing.T) {
		u := upstream(t, func(k *talker) {
			k.head()
			k.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			for range 3 {
				k.hears("4\r\nping\r\n")
				k.say("4\r\npong\r\n")
			}
			k.hears("0\r\n\r\n")
			k.say("0\r\n\r\n")
		})
		k := front(t, u).client(t)
		k.say("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
		k.hears("HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
		for range 3 {
			k.say("4\r\nping\r\n")
			k.hears("4\r\npong\r\n")
		}
		k.say("0\r\n\r\n")
		k.hears("0\r\n\r\n")
	})
}

func TestMalformedBodyIsTheClientsFault(t *testing.T) {
	u := upstream(t, func(k *talker) {
		k.head()
		k.broken()
	})
	d := front(t, u)
	got := d.ask(t, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.Contains(got, "Connection: close\r\n") {
		t.Errorf("client received %q", got)
	}
}

const gigantic = 256 << 20 // bytes; what is under test has buffers of 32 KiB

func TestUploadsStreamWithFlatMemory(t *testing.T) {
	for name, framing := range map[string]int64{"length known": gigantic, "chunked": lengthUnknown} {
		t.Run(name, func(t *testing.T) {
			received := make(chan int64, 1)
			u := upstream(t, func(k *talker) {
				req, err := http.ReadRequest(k.br)
				if err != nil {
					t.Error(err)
					return
				}
				n, _ := io.Copy(io.Discard, req.Body)
				received <- n
				k.say(ok)
			})
			f := New(Options{Terms: Terms{Upstream: Upstream{u}}})
			t.Cleanup(f.Close)
			r := httptest.NewRequest("PUT", "/", io.LimitReader(pattern{}, gigantic))
			r.ContentLength = framing
			flat(t, func() {
				resp, err := f.RoundTrip(f.Outgoing(t.Context(), r, "/"))
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			})
			if n := <-received; n != gigantic {
				t.Errorf("upstream received %d bytes, want %d", n, gigantic)
			}
		})
	}
}

func TestDownloadsStreamWithFlatMemory(t *testing.T) {
	for name, framing := range map[string]string{"length known": "Content-Length: 268435456", "until the close": "Connection: close"} {
		t.Run(name, func(t *testing.T) {
			u := upstream(t, func(k *talker) {
				k.head()
				k.say("HTTP/1.1 200 OK\r\n%s\r\n\r\n", framing)
				io.Copy(k.Conn, io.LimitReader(pattern{}, gigantic))
			})
			d := front(t, u)
			flat(t, func() {
				resp, err := d.Client().Get(d.URL)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if n, err := io.Copy(io.Discard, bufio.NewReader(resp.Body)); n != gigantic || err != nil {
					t.Errorf("client received %d bytes, %v, want %d", n, err, gigantic)
				}
			})
		})
	}
}

// flat fails if f allocates more than a small part of what it transfers.
func flat(t *testing.T, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > gigantic/64 {
		t.Errorf("allocated %d bytes for %d", used, gigantic)
	}
}
