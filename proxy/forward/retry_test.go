package forward

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// discarded swallows what a server says about clients that refuse its certificate.
var discarded = log.New(io.Discard, "", 0)

// hangingUp is an upstream that answers the first request on its first connections, and then
// hangs up as soon as it has received the second.
func hangingUp(t *testing.T, connections int32, hangUp func(*talker)) *url.URL {
	var accepted atomic.Int32
	return upstream(t, func(k *talker) {
		mortal := accepted.Add(1) <= connections
		for n := 0; k.head() != ""; n++ {
			if mortal && n == 1 {
				hangUp(k)
				return
			}
			k.say(ok)
		}
	})
}

func TestOnlyAGetThatMetAStaleConnectionIsRepeated(t *testing.T) {
	for name, hangUp := range map[string]func(*talker){
		"closed": func(k *talker) {},
		"reset":  func(k *talker) { k.reset() },
	} {
		for _, c := range []struct {
			method, fields, body string
			mortal               int32
			status, attempts     int
		}{
			{"GET", "", "", 1, 200, 3},
			{"HEAD", "", "", 1, 200, 3},
			{"GET", "Content-Length: 3\r\n", "abc", 1, 502, 2},
			{"POST", "Content-Length: 3\r\n", "abc", 1, 502, 2},
			{"POST", "Content-Length: 0\r\nIdempotency-Key: k\r\n", "", 1, 502, 2},
			{"PUT", "Content-Length: 0\r\n", "", 1, 502, 2},
			{"OPTIONS", "", "", 1, 502, 2},
			{"DELETE", "", "", 1, 502, 2},
		} {
			t.Run(name+" "+c.method+" "+c.body, func(t *testing.T) {
				d := front(t, hangingUp(t, c.mortal, hangUp))
				d.ask(t, get)
				<-d.results
				got := d.ask(t, c.method+" / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"+c.fields+"\r\n"+c.body)
				r := <-d.results
				if r.Status != c.status {
					t.Errorf("result %+v, client received %q, want %d", r, got, c.status)
				}
				if c.status == 502 && !errors.Is(r.Err, ErrUnreachable) {
					t.Errorf("got %v, want %v", r.Err, ErrUnreachable)
				}
				if n := d.attempts(); n != c.attempts {
					t.Errorf("%d attempts, want %d", n, c.attempts)
				}
			})
		}
	}
}

func TestAFreshConnectionThatIsClosedIsNotTriedAgain(t *testing.T) {
	d := front(t, upstream(t, func(k *talker) { k.head() }))
	d.ask(t, get)
	if r := <-d.results; !errors.Is(r.Err, ErrUnreachable) {
		t.Errorf("got %v, want %v", r.Err, ErrUnreachable)
	}
	if n := d.attempts(); n != 1 {
		t.Errorf("%d attempts, want 1", n)
	}
}

func TestNothingIsRepeatedOnceAByteOfTheAnswerCame(t *testing.T) {
	d := front(t, hangingUp(t, 1, func(k *talker) { k.say("H") }))
	d.ask(t, get)
	<-d.results
	d.ask(t, get)
	if r := <-d.results; !errors.Is(r.Err, ErrGarbage) {
		t.Errorf("got %v, want %v", r.Err, ErrGarbage)
	}
	if n := d.attempts(); n != 2 {
		t.Errorf("%d attempts, want 2", n)
	}
}

func TestRepetitionGoesOutOnAConnectionThatCannotBeStale(t *testing.T) {
	const kept = 5
	u := hangingUp(t, kept, func(k *talker) { k.reset() })
	f := New(Options{Terms: Terms{Upstream: Upstream{u}}})
	t.Cleanup(f.Close)
	var open []*http.Response
	for range kept {
		resp, err := f.RoundTrip(f.Outgoing(t.Context(), httptest.NewRequest("GET", "/", nil), "/"))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, resp)
	}
	for _, resp := range open {
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	sent := 0
	ctx := WithAttempt(t.Context(), "", func() { sent++ })
	resp, err := f.RoundTrip(f.Outgoing(ctx, httptest.NewRequest("GET", "/", nil), "/"))
	if err != nil {
		t.Fatalf("with %d stale connections: %v", kept, err)
	}
	resp.Body.Close()
	if sent != 2 {
		t.Errorf("%d attempts, want 2", sent)
	}
}

// What an upstream sends too much must never be somebody else's answer.
func TestExcessBytesAreNobodysAnswer(t *testing.T) {
	const evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
	for name, c := range map[string]struct{ method, response string }{
		"after a length":      {"GET", ok + evil},
		"after a last chunk":  {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + evil},
		"as the body of HEAD": {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 45\r\n\r\n" + evil},
		"as the body of 304":  {"GET", "HTTP/1.1 304 Not Modified\r\n\r\n" + evil},
		"as the body of 204":  {"GET", "HTTP/1.1 204 No Content\r\n\r\n" + evil},
		"chunked with length": {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				var accepted atomic.Int32
				script := func(k *talker) {
					response := ok
					if accepted.Add(1) == 1 {
						response = c.response
					}
					for k.head() != "" {
						k.say("%s", response)
					}
				}
				var f *Forwarder
				if secure {
					u, roots := secureUpstream(t, script)
					f = New(Options{Terms: Terms{Upstream: Upstream{u}, TLS: roots}})
				} else {
					f = New(Options{Terms: Terms{Upstream: Upstream{upstream(t, script)}}})
				}
				t.Cleanup(f.Close)
				for _, method := range []string{c.method, "GET"} {
					resp, err := f.RoundTrip(f.Outgoing(t.Context(), httptest.NewRequest(method, "/", nil), "/"))
					if err != nil {
						t.Fatal(err)
					}
					body, _ := io.ReadAll(resp.Body)
					resp.Body.Close()
					if strings.Contains(string(body), "evil") {
						t.Errorf("%s was answered with %q", method, body)
					}
				}
				if n := accepted.Load(); n != 2 {
					t.Errorf("%d connections, want 2", n)
				}
			})
		}
	}
}
