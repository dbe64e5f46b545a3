package proxy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// cable opens an Action Cable socket and returns what it hears.
func (s *site) cable(lines ...string) (*testSocket, *inbox) {
	s.t.Helper()
	c := s.watch("/-/pollard/cable", "actioncable-v1-json", lines...)
	return c, c.heard()
}

func (c *testSocket) subscribe(path string) {
	id, _ := json.Marshal(map[string]string{"channel": "PollChannel", "path": path})
	command, _ := json.Marshal(map[string]string{"command": "subscribe", "identifier": string(id)})
	c.WriteMessage(websocket.TextMessage, command)
}

// answers returns of what has been heard how often a type came.
func (in *inbox) answers(kind string) (n int) {
	for _, m := range in.all() {
		if strings.Contains(m, kind) {
			n++
		}
	}
	return n
}

func TestTheCableRejectsWhatIsNoPathOfAPushedRoute(t *testing.T) {
	paths := []string{
		"http://app.test/doc", "//app.test/doc", "//evil.test/doc", "https:/doc", "doc", "", "/../doc", "/a/../doc", "/./doc", "/doc/..",
		"/%2e%2e/doc", "/a%2fdoc", "//doc", "/doc ", " /doc", "/doc#a", "/do\tc", "/doc\r\nX: y", "@evil.test/doc", "user@app.test/doc",
		"/@evil.test/doc", "\\\\evil.test\\doc", "/\\evil.test/doc", "/doc\x00", "/docé", "/other", "/coalesced", "/-/pollard/cable",
	}
	app := newApplication()
	coalesced := polled("/coalesced")
	coalesced.Name = "coalesced"
	playSite(t, app.ServeHTTP, func(s *site) {
		c, in := s.cable(alice)
		for _, path := range paths {
			c.subscribe(path)
		}
		if got := in.answers("reject_subscription"); got != len(paths) {
			t.Errorf("got %d rejections, want %d: %q", got, len(paths), in.all())
		}
		if calls, _ := app.called(); calls != 0 {
			t.Errorf("got %d calls upstream, want none", calls)
		}
		c.subscribe("/doc?a=%2F..%2F@b")
		if got := in.answers("confirm_subscription"); got != 1 {
			t.Errorf("got %d confirmations, want 1: %q", got, in.all())
		}
		if calls, last := app.called(); calls != 1 || last.RequestURI != "/doc?a=%2F..%2F@b" {
			t.Errorf("upstream was asked %d times, last for %s", calls, last.RequestURI)
		}
		c.Close()
	}, polled("/doc", pushed), coalesced)
}

func TestAnOriginOfOneRouteWatchesNoOther(t *testing.T) {
	app := newApplication()
	public := polled("/public", pushed, func(o *RouteOptions) { o.Name, o.Origins = "public", []string{"https://partner.test"} })
	playSite(t, app.ServeHTTP, func(s *site) {
		c, in := s.cable(alice, "Origin: https://partner.test")
		c.subscribe("/doc")
		if in.answers("reject_subscription") != 1 || in.answers("alice") > 0 {
			t.Errorf("got %q, want the subscription rejected", in.all())
		}
		c.subscribe("/public")
		if got := in.answers("confirm_subscription"); got != 1 {
			t.Errorf("got %q, want one confirmation", in.all())
		}
		c.Close()
	}, polled("/doc", pushed), public)
}
