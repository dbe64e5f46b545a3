package proxy

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/rollout"
)

// tunnel is an upstream with a socket of its own: it says what it got.
func tunnel(t *testing.T) *httptest.Server {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.Header.Get("Upgrade") == "" {
			fmt.Fprintf(w, "%s %s %s", r.Method, r.Header.Get("Upgrade"), r.Header.Get("Accept"))
			return
		}
		u := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }, Subprotocols: []string{"graphql-ws", "pollard.v1"}}
		c, err := u.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		c.WriteMessage(websocket.TextMessage, []byte(r.Header.Get("Origin")+" "+c.Subprotocol()))
		for {
			kind, message, err := c.ReadMessage()
			if err != nil {
				return
			}
			c.WriteMessage(kind, append([]byte("echo of "), message...))
		}
	}))
	t.Cleanup(up.Close)
	return up
}

func TestUpgradesOfWhoIsNotOnThePushRungPassAsATunnel(t *testing.T) {
	denied := func(o *RouteOptions) {
		o.ActorCookie, o.Rollout.Deny = "uid", map[string]bool{"7": true}
	}
	byField := func(o *RouteOptions) { // a field that is declared harmless names the actor
		o.ActorHeader, o.Ignore, o.Rollout.Deny = "X-Actor", []string{"X-Actor"}, map[string]bool{"7": true}
	}
	tests := []struct {
		name, target string
		route        RouteOptions
	}{
		{"no route", "/cable", polled("/doc", pushed)},
		{"coalesce", "/doc", polled("/doc")},
		{"observe", "/doc", polled("/doc", func(o *RouteOptions) { o.Rollout.Stage = rollout.Observe })},
		{"off", "/doc", polled("/doc", func(o *RouteOptions) { o.Rollout.Stage = rollout.Off })},
		{"an actor that is denied", "/doc", polled("/doc", pushed, denied)},
		{"an actor that is denied by a field", "/doc", polled("/doc", pushed, byField)},
		{"nobody's percentage", "/doc", polled("/doc", pushed, func(o *RouteOptions) { o.Rollout.Percent = 0 })},
		{"Pollard's own path while nothing is pushed", "/-/pollard/cable", polled("/doc")},
	}
	for _, test := range tests {
		r := newRig(t, tunnel(t).URL, test.route)
		front := httptest.NewServer(r)
		defer front.Close()
		d := websocket.Dialer{Subprotocols: []string{"pollard.v1", "graphql-ws"}}
		c, _, err := d.Dial("ws"+strings.TrimPrefix(front.URL, "http")+test.target,
			http.Header{"Origin": {"https://evil.test"}, "Cookie": {"uid=7"}, "X-Actor": {"7"}})
		if err != nil {
			t.Errorf("%s: dialing: %v", test.name, err)
			continue
		}
		s := &testSocket{c, t}
		s.want("https://evil.test graphql-ws")
		s.WriteMessage(websocket.TextMessage, []byte("hello"))
		s.want("echo of hello")
		s.Close()
		if got := r.counts("polled").Polls; got != 0 {
			t.Errorf("%s: got %d polls counted, want 0", test.name, got)
		}
	}
}

func TestWhatIsNoRequestForASubscriptionPasses(t *testing.T) {
	up := tunnel(t)
	r := newRig(t, up.URL, polled("/doc", pushed))
	front := httptest.NewServer(r)
	defer front.Close()
	tests := []struct{ method, upgrade, accept, want string }{
		{"POST", "websocket", "", "POST websocket "},
		{"PUT", "websocket", "", "PUT websocket "},
		{"POST", "", "text/event-stream", "POST  text/event-stream"},
	}
	for _, test := range tests {
		in, err := http.NewRequest(test.method, front.URL+"/doc", nil)
		if err != nil {
			t.Fatal(err)
		}
		in.Header.Set("Accept", test.accept)
		if test.upgrade != "" {
			in.Header["Connection"], in.Header["Upgrade"] = []string{"Upgrade"}, []string{test.upgrade}
		}
		resp, err := http.DefaultTransport.RoundTrip(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := body(resp); got != test.want {
			t.Errorf("%s: upstream got %q, want %q", test.method, got, test.want)
		}
		resp.Body.Close()
	}
	if resp := r.ask(request("HEAD /doc", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")); resp.StatusCode != http.StatusOK || resp.Header.Get("Cache-Status") != "" {
		t.Errorf("HEAD: got %s with Cache-Status %q, want upstream's 200 and none", resp.Status, resp.Header.Get("Cache-Status"))
	}
	if got := r.counts("polled").Upstream; got != 0 {
		t.Errorf("got %d calls counted on the route, want none", got)
	}
}
