package actioncable_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/push"
	"github.com/pollard-proxy/pollard/push/actioncable"
)

func limited(writing time.Duration) actioncable.Options {
	return actioncable.Options{WriteTimeout: writing, Silence: 10 * time.Minute}
}

func TestWhatIsNoCommandIsIgnored(t *testing.T) {
	nested := strings.Repeat("[", 10_000)
	play(t, settings{}, func(s *scene) {
		c := s.connect("ann", basic)
		for _, said := range []string{
			"", "hello", "{", "[]", "null", `"subscribe"`, "17", "{}", nested, `{"a":` + nested,
			`{"command":"whisper","identifier":"x","data":{}}`,
			`{"command":"message","identifier":"x","data":"{\"action\":\"destroy\"}"}`,
			`{"command":"pong"}`,
			`{"command":"history","identifier":"x","history":{}}`, // of the other protocol
			`{"command":"subscribe"}`,
			`{"command":"subscribe","identifier":{"channel":"PollChannel"}}`,
			`{"command":"subscribe","identifier":null}`,
			`{"command":"unsubscribe"}`,
			`{"command":7}`,
		} {
			c.say("%s", said)
		}
		if err := c.WriteMessage(websocket.BinaryMessage, []byte(`{"command":"subscribe","identifier":`+quoted("/a")+`}`)); err != nil {
			t.Fatal(err)
		}
		c.wantNothing(interval)
		c.follow("/a", `{"a":0}`)
		c.close()
	})
}

func TestTooManyMistakesEndTheSocket(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		c := s.connect("ann", basic)
		for range 101 {
			c.say("nonsense")
		}
		c.want(disconnect("invalid_request", false))
		c.wantClosed(websocket.ClosePolicyViolation)
	})
}

func TestAFloodOfCommandsEndsTheSocket(t *testing.T) {
	for name, flood := range map[string]func(*client) error{
		"commands": func(c *client) error { return c.WriteMessage(websocket.TextMessage, []byte(`{"command":"pong"}`)) },
		"pings":    func(c *client) error { return c.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)) },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, settings{cable: actioncable.Options{CommandsPerSecond: 50}}, func(s *scene) {
				c := s.connect("ann", basic)
				for range 51 {
					if err := flood(c); err != nil {
						break
					}
				}
				c.want(disconnect("invalid_request", false))
				c.wantClosed(websocket.ClosePolicyViolation)
			})
		})
	}
}

func TestAClientThatAsksAgainAndAgainIsNoFlood(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		s.up.slow(30 * time.Second)
		c := s.connect("ann", basic)
		for range 20 { // as Rails' client does while nothing is confirmed
			for i := range 100 {
				c.subscribe(fmt.Sprintf("/none/%d", i))
			}
			time.Sleep(500 * time.Millisecond)
		}
		c.wantNothing(10 * time.Second)
		c.close()
	})
}

func TestBadFramesHaveTheirCloseCode(t *testing.T) {
	text := func(payload string) string {
		return string([]byte{0x81, 0x80 | byte(len(payload)), 0, 0, 0, 0}) + payload
	}
	tests := map[string]struct {
		frame string
		code  int
	}{
		"invalid UTF-8":                   {text("\xff\xfe"), websocket.CloseInvalidFramePayloadData},
		"too large":                       {"\x81\xff\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00" + strings.Repeat(" ", 1<<20), websocket.CloseMessageTooBig},
		"unmasked":                        {"\x81\x02{}", websocket.CloseProtocolError},
		"a reserved bit":                  {"\xc1\x80\x00\x00\x00\x00", websocket.CloseProtocolError},
		"an unknown opcode":               {"\x83\x80\x00\x00\x00\x00", websocket.CloseProtocolError},
		"a fragmented ping":               {"\x09\x80\x00\x00\x00\x00", websocket.CloseProtocolError},
		"a ping that is too long":         {"\x89\xfe\x00\x7e\x00\x00\x00\x00" + strings.Repeat(" ", 126), websocket.CloseProtocolError},
		"a continuation of nothing":       {"\x80\x80\x00\x00\x00\x00", websocket.CloseProtocolError},
		"a message within a message":      {"\x01\x80\x00\x00\x00\x00" + text("{}"), websocket.CloseProtocolError},
		"a close code that must not be":   {"\x88\x82\x00\x00\x00\x00\x03\xed", websocket.CloseProtocolError},
		"a close, which is no bad frame":  {"\x88\x82\x00\x00\x00\x00\x03\xe8", websocket.CloseNormalClosure},
		"a close that says nothing of it": {"\x88\x80\x00\x00\x00\x00", websocket.CloseNoStatusReceived},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			play(t, settings{}, func(s *scene) {
				other := s.connect("bob", basic)
				other.follow("/a", `{"a":0}`)
				c := s.connect("ann", basic)
				go c.NetConn().Write([]byte(test.frame)) // which is not read to its end
				c.wantClosed(test.code)
				s.up.set("/a", `{"a":1}`)
				other.want(message("/a", document(`{"a":1}`)))
				other.close()
			})
		})
	}
}

func TestMoreSubscriptionsThanASocketMayHaveAreRejected(t *testing.T) {
	play(t, settings{cable: actioncable.Options{Subscriptions: 1, CommandsPerSecond: 100}}, func(s *scene) {
		c := s.connect("ann", basic)
		c.follow("/a", `{"a":0}`)
		c.subscribe("/b")
		c.want(about("/b", "reject_subscription"))
		c.say(`{"command":"unsubscribe","identifier":%s}`, quoted("/a"))
		c.follow("/b", `{"b":0}`)
		c.close()
	})
}

func TestLongIdentifiersAreRejected(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		c := s.connect("ann", basic)
		path := "/" + strings.Repeat("a", 5000)
		c.subscribe(path)
		c.want(about(path, "reject_subscription"))
		c.close()
	})
}

func TestSocketsOfAnIdentityAreBounded(t *testing.T) {
	byCookie := func(r *http.Request) coalescer.Identity { return hashOf(r.Header.Get("Cookie")) }
	play(t, settings{
		hub:   push.Options{PerIdentity: 1},
		cable: actioncable.Options{Identity: byCookie},
	}, func(s *scene) {
		ann := s.connect("ann", basic)
		if _, resp, err := s.dial(http.Header{"Cookie": {"ann"}}, basic); err == nil || resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
			t.Errorf("the second is answered %v, want 503 with Retry-After", resp)
		}
		bob := s.connect("bob", basic)
		ann.close()
		time.Sleep(time.Second)
		s.connect("ann", basic).close()
		bob.close()
	})
}
