package push_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/push"
)

func TestABareSocketIsSentBodies(t *testing.T) {
	play(t, push.Options{}, func(s *scene) {
		c := s.connect("ann", "")
		c.want(`{"state":0}`)
		s.up.set("plain text")
		c.want("plain text")
		s.up.set("\xff\xfe")
		c.want(`binary "\xff\xfe"`)
		c.Close()
	})
}

func TestPollardV1IsSentDocuments(t *testing.T) {
	play(t, push.Options{}, func(s *scene) {
		c := s.connect("ann", push.Subprotocol)
		c.want(document(`{"state":0}`))
		s.up.set(`{"id": 12345678901234567890, "html": "<b>"}`)
		c.want(document(`{"id": 12345678901234567890, "html": "<b>"}`))
		s.up.set(`no JSON, "as it happens"`)
		c.want(strings.Replace(document(`no JSON, "as it happens"`), `:no JSON, "as it happens"}`, `:"no JSON, \"as it happens\""}`, 1))
		c.Close()
	})
}

func TestWhoHasTheCurrentStateIsToldNothing(t *testing.T) {
	play(t, push.Options{}, func(s *scene) {
		c := s.connect("ann", push.Subprotocol)
		c.say(`{"type":"have","etag":%q}`, tagOf(`{"state":0}`))
		c.wantNothing(10 * interval)

		c = s.connect("ann", push.Subprotocol)
		c.say(`{"type":"have","etag":%q}`, tagOf(`{"state":0}`))
		time.Sleep(10 * interval)
		s.up.set(`{"state":1}`)
		c.want(document(`{"state":1}`))
		c.Close()
	})
}

func TestWhoHasAnotherStateIsToldTheCurrentOneAtOnce(t *testing.T) {
	play(t, push.Options{}, func(s *scene) {
		began := time.Now()
		c := s.connect("ann", push.Subprotocol)
		c.say(`{"type":"have","etag":"\"of yesterday\""}`)
		c.want(document(`{"state":0}`))
		if got := time.Since(began); got != 0 {
			t.Errorf("told after %v, want at once", got)
		}
		c.Close()
	})
}

func TestWhoSaysNothingIsToldAfterAQuarterOfASecond(t *testing.T) {
	play(t, push.Options{}, func(s *scene) {
		began := time.Now()
		c := s.connect("ann", push.Subprotocol)
		c.want(document(`{"state":0}`))
		if got := time.Since(began); got != 250*time.Millisecond {
			t.Errorf("told after %v, want 250 ms", got)
		}
		c.Close()
	})
}

func TestAnUpgradeIsRefusedAsUpstreamRefuses(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(*upstream)
		want    int
	}{
		{"401", func(u *upstream) { u.answer(401) }, 401},
		{"403", func(u *upstream) { u.answer(403) }, 403},
		{"404", func(u *upstream) { u.answer(404) }, 404},
		{"a redirect to sign in", func(u *upstream) { u.answer(302) }, 302},
		{"200 that may not be stored", func(u *upstream) { u.field("Cache-Control", "no-store") }, http.StatusNotAcceptable},
		{"no answer", func(u *upstream) { u.fail(errors.New("connection refused")) }, http.StatusBadGateway},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			play(t, push.Options{}, func(s *scene) {
				test.prepare(s.up)
				_, resp, err := s.tryConnect("ann", push.Subprotocol)
				if err == nil || resp == nil || resp.StatusCode != test.want || resp.ContentLength != 0 {
					t.Errorf("got %v, error %v; want %d and no body", resp, err, test.want)
				}
				if got := s.hub.Count(); got != 0 {
					t.Errorf("%d connections, want none", got)
				}
			})
		})
	}
}

func TestARequestThatIsNoHandshakeIsRefused(t *testing.T) {
	tests := []struct {
		name, method string
		change       func(http.Header)
		want         int
		field        string // that goes with it
	}{
		{"POST", "POST", nil, 405, "Allow: GET"},
		{"HEAD", "HEAD", nil, 405, "Allow: GET"},
		{"version 8", "GET", func(h http.Header) { h.Set("Sec-WebSocket-Version", "8") }, 426, "Sec-Websocket-Version: 13"},
		{"no version", "GET", func(h http.Header) { h.Del("Sec-WebSocket-Version") }, 426, "Sec-Websocket-Version: 13"},
		{"no key", "GET", func(h http.Header) { h.Del("Sec-WebSocket-Key") }, 400, ""},
		{"a short key", "GET", func(h http.Header) { h.Set("Sec-WebSocket-Key", "c2hvcnQ=") }, 400, ""},
		{"another protocol", "GET", func(h http.Header) { h.Set("Upgrade", "h2c") }, 400, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			play(t, push.Options{}, func(s *scene) {
				s.up.fail(errors.New("upstream was asked"))
				resp := s.handshake(test.method, test.change)
				if resp.StatusCode != test.want {
					t.Errorf("got status %d, want %d", resp.StatusCode, test.want)
				}
				if name, value, found := strings.Cut(test.field, ": "); found && resp.Header.Get(name) != value {
					t.Errorf("got %s: %q, want %q", name, resp.Header.Get(name), value)
				}
			})
		})
	}
}

func (s *scene) handshake(method string, change func(http.Header)) *http.Response {
	s.t.Helper()
	r, err := http.NewRequest(method, "http://app.test/poll", nil)
	if err != nil {
		s.t.Fatalf("making a request: %v", err)
	}
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		r.Header.Set(name, value)
	}
	if change != nil {
		change(r.Header)
	}
	return s.do(r)
}

func TestAWatchThatEndsClosesWithUpstreamsWord(t *testing.T) {
	for status, code := range map[int]int{401: 4401, 403: 4403, 404: 4404, 410: 4410, 302: 4410} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			play(t, push.Options{}, func(s *scene) {
				ours, bare := s.connect("ann", push.Subprotocol), s.connect("ann", "")
				ours.next()
				bare.next()
				s.up.set("another")
				s.up.answer(status)
				ours.want(fmt.Sprintf(`{"type":"end","status":%d,"reconnect":false}`, status))
				ours.wantClosed(code, "")
				bare.wantClosed(code, "")
			})
		})
	}
}

func TestSigningOutEndsTheSocketAtOnce(t *testing.T) {
	play(t, push.Options{}, func(s *scene) {
		c := s.connect("ann", "")
		c.next()
		s.c.SignedOut(coalescer.Identity(hashOf("identity", "ann")))
		c.wantClosed(push.CloseUnauthorized, "")
	})
}

func TestABodyThatCannotBeToldSendsTheClientBackToPolling(t *testing.T) {
	for name, prepare := range map[string]func(*upstream){
		"no UTF-8":          func(u *upstream) { u.set("\xff") },
		"an unknown coding": func(u *upstream) { u.field("Content-Encoding", "br") },
		"a broken coding":   func(u *upstream) { u.field("Content-Encoding", "gzip") },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, push.Options{}, func(s *scene) {
				prepare(s.up)
				s.connect("ann", push.Subprotocol).wantClosed(push.ClosePoll, "")
			})
		})
	}
}

// The client below answers no pings: it does not read.
func TestAPeerThatHasGoneSilentIsDropped(t *testing.T) {
	play(t, push.Options{PingInterval: 20 * time.Second, WriteTimeout: time.Hour}, func(s *scene) {
		conn := s.rawSocket("")
		go conn.drain() // bytes, but no frames
		time.Sleep(19 * time.Second)
		if got := s.hub.Count(); got != 1 {
			t.Errorf("%d connections before a ping can be missed, want 1", got)
		}
		time.Sleep(22 * time.Second)
		synctest.Wait()
		if got := s.hub.Count(); got != 0 {
			t.Errorf("%d connections after two pings, want 0", got)
		}
		conn.Close()
	})
}

func TestAPeerThatAnswersPingsStays(t *testing.T) {
	play(t, push.Options{PingInterval: 20 * time.Second}, func(s *scene) {
		c := s.connect("ann", "")
		c.next()
		c.wantNothing(20 * time.Minute)
	})
}

// The drain begins while upstream is being asked.
func TestAnUpgradeThatComesTooLateIsSentAway(t *testing.T) {
	play(t, push.Options{}, func(s *scene) {
		s.up.takes = 5 * time.Second
		time.AfterFunc(time.Second, s.hub.Close)
		c := s.connect("ann", push.Subprotocol)
		_, _, err := c.ReadMessage()
		var closed *websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != push.CloseRestart || !strings.HasPrefix(closed.Text, `{"after_ms":`) {
			t.Errorf("got %v, want to be sent away", err)
		}
		c.Close()
	})
}
