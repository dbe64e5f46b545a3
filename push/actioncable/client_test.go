package actioncable_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

const (
	basic       = "actioncable-v1-json"
	extended    = "actioncable-v1-ext-json"
	unsupported = "actioncable-unsupported"
)

// client is the other end of a cable, which it reads all the time.
type client struct {
	*websocket.Conn
	t     testing.TB
	inbox chan string // what came, pings left out; closed with the connection
	pings chan time.Time
	ended error // why, once inbox is closed
}

// connect opens a cable as a user and expects to be welcome.
func (s *scene) connect(user, protocol string) *client {
	s.t.Helper()
	return s.connectWith(http.Header{"Cookie": {user}}, protocol)
}

func (s *scene) connectWith(header http.Header, protocol string) *client {
	s.t.Helper()
	conn, resp, err := s.dial(header, protocol)
	if err != nil {
		s.t.Fatalf("connecting: %v, answered %v", err, resp)
	}
	c := &client{Conn: conn, t: s.t, inbox: make(chan string, 1000), pings: make(chan time.Time, 1000)}
	go c.listen()
	var welcome struct {
		Type, SID string
		Restored  bool
	}
	err = json.Unmarshal([]byte(c.next()), &welcome)
	if err != nil || welcome.Type != "welcome" || (welcome.SID != "") != (protocol == extended) || welcome.Restored {
		s.t.Fatalf("got %+v, %v; want a welcome", welcome, err)
	}
	return c
}

func (s *scene) dial(header http.Header, protocols ...string) (*websocket.Conn, *http.Response, error) {
	d := websocket.Dialer{
		NetDialContext: func(context.Context, string, string) (net.Conn, error) { return s.pipes.dial() },
		Subprotocols:   protocols,
	}
	return d.Dial("ws://app.test/-/pollard/cable", header)
}

func (c *client) listen() {
	defer close(c.inbox)
	for {
		_, message, err := c.ReadMessage()
		switch {
		case err != nil:
			c.ended = err
			return
		case strings.HasPrefix(string(message), `{"type":"ping"`):
			c.pings <- time.Now()
		default:
			c.inbox <- string(message)
		}
	}
}

// quoted is an identifier as clients write it into their commands.
func quoted(path string) string {
	text, err := json.Marshal(fmt.Sprintf(`{"channel":"PollChannel","path":%q}`, path))
	if err != nil {
		panic(err) // of a string
	}
	return string(text)
}

func (c *client) say(format string, args ...any) {
	c.t.Helper()
	if err := c.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, format, args...)); err != nil {
		c.t.Fatalf("client writing: %v", err)
	}
}

func (c *client) subscribe(path string) {
	c.t.Helper()
	c.say(`{"command":"subscribe","identifier":%s}`, quoted(path))
}

// follow subscribes, and takes the confirmation and the first document.
func (c *client) follow(path, body string) {
	c.t.Helper()
	c.subscribe(path)
	c.want(about(path, "confirm_subscription"))
	c.want(message(path, document(body)))
}

// next returns what comes next, or "" if the connection has ended.
func (c *client) next() string {
	c.t.Helper()
	select {
	case m := <-c.inbox:
		return m
	case <-time.After(time.Minute):
		c.t.Fatal("got nothing for a minute")
		return ""
	}
}

func (c *client) want(want string) {
	c.t.Helper()
	if got := c.next(); got != want {
		c.t.Errorf("got  %s\nwant %s", got, want)
	}
}

// wantNothing expects no more than pings for a while.
func (c *client) wantNothing(d time.Duration) {
	c.t.Helper()
	select {
	case m, open := <-c.inbox:
		c.t.Errorf("got %s, open %v; want nothing", m, open)
	case <-time.After(d):
	}
}

// wantClosed expects the end of the connection.
func (c *client) wantClosed(code int) {
	c.t.Helper()
	if m := c.next(); m != "" {
		c.t.Errorf("got %s, want the end", m)
		return
	}
	var closed *websocket.CloseError
	if !errors.As(c.ended, &closed) || closed.Code != code {
		c.t.Errorf("ended with %v, want close code %d", c.ended, code)
	}
	c.Close()
}

// close is the client leaving.
func (c *client) close() {
	c.Close()
	for range c.inbox {
	}
}

func about(path, kind string) string {
	return fmt.Sprintf(`{"identifier":%s,"type":%q}`, quoted(path), kind)
}

func message(path, object string) string {
	return fmt.Sprintf(`{"identifier":%s,"message":%s}`, quoted(path), object)
}

// document is the pollard.v1 object of a JSON body.
func document(body string) string {
	return fmt.Sprintf(`{"type":"document","etag":%q,"status":200,"headers":{"Content-Type":"application/json","ETag":%q},"body":%s}`,
		tagOf(body), tagOf(body), body)
}

func end(status int) string {
	return fmt.Sprintf(`{"type":"end","status":%d,"reconnect":false}`, status)
}

func disconnect(reason string, reconnect bool) string {
	return fmt.Sprintf(`{"type":"disconnect","reason":%q,"reconnect":%v}`, reason, reconnect)
}
