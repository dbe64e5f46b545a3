package forward

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

const (
	asking  = "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo\r\nSec-WebSocket-Key: k==\r\n\r\n"
	granted = "HTTP/1.1 101 Gladly\r\nConnection: Upgrade\r\nUpgrade: Echo\r\nSec-WebSocket-Accept: s=\r\n\r\n"
	// as net/http spells it
	grantedHead = "HTTP/1.1 101 Gladly\r\nConnection: Upgrade\r\nSec-Websocket-Accept: s=\r\nUpgrade: Echo\r\n\r\n"
)

func TestTunnelCarriesEveryByteInBothDirections(t *testing.T) {
	const forwarded = "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: h\r\nX-Forwarded-Proto: http\r\n\r\n"
	u := upstream(t, func(k *talker) {
		k.hears("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nSec-Websocket-Key: k==\r\nUpgrade: echo\r\n" + forwarded)
		k.say(granted + "early from upstream")
		k.hears("early from client")
		k.hears("later")
		k.say("bye")
	})
	d := front(t, u)
	k := d.client(t)
	k.say(asking + "early from client")
	k.hears(grantedHead + "early from upstream")
	k.say("later")
	k.hears("bye")
	k.Close()
	if got, want := <-d.results, (Result{Status: 101, Sent: int64(len("early from upstreambye"))}); got != want {
		t.Errorf("result %+v, want %+v", got, want)
	}
}

func TestEachSideOfATunnelEndsByItself(t *testing.T) {
	t.Run("the client first", func(t *testing.T) {
		d := front(t, upstream(t, func(k *talker) {
			k.head()
			k.say(granted)
			if got := k.rest(); got != "request" {
				t.Errorf("upstream received %q", got)
			}
			k.say("response")
		}))
		k := d.client(t)
		k.say(asking)
		k.head()
		k.say("request")
		k.Conn.(*net.TCPConn).CloseWrite()
		if got := k.rest(); got != "response" {
			t.Errorf("client received %q", got)
		}
		<-d.results
	})
	t.Run("the upstream first", func(t *testing.T) {
		d := front(t, upstream(t, func(k *talker) {
			k.head()
			k.say(granted + "push")
			k.Conn.(*net.TCPConn).CloseWrite()
			if got := k.rest(); got != "acknowledged" {
				t.Errorf("upstream received %q", got)
			}
		}))
		k := d.client(t)
		k.say(asking)
		k.head()
		if got := k.rest(); got != "push" {
			t.Errorf("client received %q", got)
		}
		k.say("acknowledged")
		k.Close()
		<-d.results
	})
}

func TestWhatBreaksOneSideOfATunnelClosesTheOther(t *testing.T) {
	t.Run("the client", func(t *testing.T) {
		d := front(t, upstream(t, func(k *talker) {
			k.head()
			k.say(granted)
			k.broken()
		}))
		k := d.client(t)
		k.say(asking)
		k.head()
		k.reset()
		<-d.results
	})
	t.Run("the upstream", func(t *testing.T) {
		d := front(t, upstream(t, func(k *talker) {
			k.head()
			k.say(granted)
			k.hears("x")
			k.reset()
		}))
		k := d.client(t)
		k.say(asking)
		k.head()
		k.say("x")
		k.broken()
		<-d.results
	})
	t.Run("the context", func(t *testing.T) {
		u := upstream(t, func(k *talker) {
			k.head()
			k.say(granted)
			k.Conn.(*net.TCPConn).CloseWrite() // one direction has ended before
			k.broken()
		})
		f := New(Options{Terms: Terms{Upstream: Upstream{u}}})
		t.Cleanup(f.Close)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan Result, 1)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ended <- f.Pass(w, r.WithContext(ctx), Exchange{Target: r.RequestURI, Failed: failed})
		}))
		t.Cleanup(s.Close)
		k := (&door{Server: s}).client(t)
		k.say(asking)
		k.head()
		k.broken()
		cancel()
		if r := <-ended; r.Status != 101 {
			t.Errorf("result %+v", r)
		}
	})
}

func TestRefusedUpgradeIsAResponseAndEndsTheConnection(t *testing.T) {
	u, heads := answering(t, "HTTP/1.1 426 Upgrade Required\r\nUpgrade: other\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nno")
	d := front(t, u)
	got := d.ask(t, asking+"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n")
	if want := "HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"; got != want {
		t.Errorf("client received %q, want %q", got, want)
	}
	<-heads
	select {
	case h := <-heads:
		t.Errorf("upstream received %q, too", h)
	default:
	}
}

func TestSwitchToAnythingElseIsGarbage(t *testing.T) {
	for name, c := range map[string]struct{ request, response string }{
		"another protocol":    {asking, strings.Replace(granted, "Echo", "other", 1)},
		"no protocol":         {asking, strings.Replace(granted, "Upgrade: Echo\r\n", "", 1)},
		"two protocols":       {asking, strings.Replace(granted, "Upgrade: Echo\r\n", "Upgrade: Echo\r\nUpgrade: echo\r\n", 1)},
		"h2c":                 {strings.Replace(asking, "echo", "h2c", 1), strings.Replace(granted, "Echo", "h2c", 1)},
		"without being asked": {get, granted},
		"before the end of the request": {
			"POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\nContent-Length: 100\r\n\r\nabc", granted},
	} {
		t.Run(name, func(t *testing.T) {
			d := front(t, upstream(t, func(k *talker) {
				k.head()
				k.say("%s", c.response)
				k.broken()
			}))
			k := d.client(t)
			k.say("%s", c.request)
			if got := k.rest(); !strings.HasPrefix(got, "HTTP/1.1 502 ") {
				t.Errorf("client received %q", got)
			}
			if r := <-d.results; !errors.Is(r.Err, ErrGarbage) || r.Status != 502 {
				t.Errorf("result %+v, want %v", r, ErrGarbage)
			}
		})
	}
}

func TestWebSocketWithSubprotocolCompressionAndCloseCode(t *testing.T) {
	upgrader := websocket.Upgrader{Subprotocols: []string{"v2", "v1"}, EnableCompression: true}
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		c.SetCloseHandler(func(int, string) error { return nil })
		for {
			kind, message, err := c.ReadMessage()
			if closed := new(websocket.CloseError); errors.As(err, &closed) {
				c.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(closed.Code+1, "so be it"))
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			c.WriteMessage(kind, message)
		}
	}))
	t.Cleanup(origin.Close)
	u, _ := url.Parse(origin.URL)
	d := front(t, u)
	dialer := websocket.Dialer{Subprotocols: []string{"v1"}, EnableCompression: true}
	c, resp, err := dialer.Dial("ws"+strings.TrimPrefix(d.URL, "http")+"/ws", http.Header{"Origin": {d.URL}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := resp.Header.Get("Sec-WebSocket-Extensions"); !strings.Contains(got, "permessage-deflate") {
		t.Errorf("extensions %q", got)
	}
	if got := c.Subprotocol(); got != "v1" {
		t.Errorf("subprotocol %q, want v1", got)
	}
	for _, message := range []string{"", "short", repeated(100_000)} {
		if err := c.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.ReadMessage(); string(got) != message || err != nil {
			t.Errorf("echo of %d bytes: %d bytes, %v", len(message), len(got), err)
		}
	}
	c.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(4401, "bye"))
	_, _, err = c.ReadMessage()
	if closed := new(websocket.CloseError); !errors.As(err, &closed) || closed.Code != 4402 || closed.Text != "so be it" {
		t.Errorf("close %v, want 4402", err)
	}
}
