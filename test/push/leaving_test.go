package push

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestAReloadThatTakesTheRouteDownSendsWatchersToPollAndNoPollFails(t *testing.T) {
	p := serve(t, "push")
	polls := p.steadily("alice", "bob")
	var watchers []*watcher
	for kind := range kinds() {
		for _, user := range []string{"alice", "bob"} {
			w := p.watch(kind, user)
			p.eventually(w.hasHeard(user))
			watchers = append(watchers, w)
		}
	}
	p.reload("push", " lease: 2s") // stays up: nobody is sent away
	version := fmt.Sprint(p.app.change())
	for _, w := range watchers {
		p.eventually(w.hasHeard(version))
	}
	p.reload("coalesce")
	for _, w := range watchers {
		if err := w.endedWith(4410, map[string]string{
			"cable": `{"type":"disconnect","reason":"remote","reconnect":false}`, "events": `data: {"status":410,"reconnect":false}`,
		}); err != nil {
			t.Error(err)
		}
	}
	polls.stop()
	polls.wantNoFailure(p)
	resp, body, err := p.poll(http.DefaultClient, "alice")
	if err != nil || resp.Header.Get("Pollard-Push") != "" || !strings.Contains(body, version) {
		t.Errorf("got %v %s with Pollard-Push %q after the reload, want the newest state and none", err, body, resp.Header.Get("Pollard-Push"))
	}
	for path, want := range map[string]string{"/doc": "GET /doc websocket", "/-/pollard/cable": "GET /-/pollard/cable websocket"} {
		if _, got := p.upgrade(path, "https://elsewhere.test"); got != want {
			t.Errorf("upstream got %q for an upgrade of %s, want %q", got, path, want)
		}
	}
}

// upgrade asks for a WebSocket as a page of an origin, where none is given, and
// returns what is answered instead.
func (p *pollard) upgrade(path, origin string) (status int, said string) {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+p.front+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header = http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Origin": {origin},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="},
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		p.t.Fatalf("%s: was upgraded", path)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestStoppingSendsEveryWatcherAwayProperlyAndNoPollFails(t *testing.T) {
	const watching, perSecond = 500, 400
	p := serve(t, "push", "limits: {handshakes: 0, watchers_per_identity: 0}", fmt.Sprintf("drain: {grace: 3s, reconnects: %d}", perSecond))
	var watchers []*watcher
	for i := range watching / 4 {
		for kind := range kinds() {
			watchers = append(watchers, p.watch(kind, fmt.Sprint("user", i%50)))
		}
	}
	for _, w := range watchers {
		p.eventually(w.hasHeard(w.user))
	}
	polls := p.steadily("alice", "bob", "user1", "user2")
	held := make(chan error)
	go func() { held <- p.longPoll() }()
	p.eventually(func() error {
		if polls.polls.Load() < 100 {
			return fmt.Errorf("%d polls", polls.polls.Load())
		}
		return nil
	})
	p.signal(syscall.SIGTERM)
	words := map[string]string{
		"cable":  `{"type":"disconnect","reason":"server_restart","reconnect":true}`,
		"events": `data: {"status":503,"reconnect":true}`,
	}
	var longest time.Duration
	for _, w := range watchers {
		if err := w.endedWith(1012, words); err != nil {
			t.Error(err)
		}
		if w.kind == "events" {
			continue
		}
		back, err := w.comesBack()
		if err != nil {
			t.Error(err)
		}
		longest = max(longest, back)
	}
	if longest > watching*time.Second/perSecond {
		t.Errorf("a watcher is to come back after %v, later than the rate of reconnects demands", longest)
	}
	if err := <-held; err != nil {
		t.Errorf("a poll that was held: %v", err)
	}
	<-p.exited
	polls.stop()
	polls.wantNoFailure(p)
}

// longPoll asks to be held for longer than the program's grace.
func (p *pollard) longPoll() error {
	resp, _, err := p.poll(&http.Client{Transport: &http.Transport{}}, "alice", `If-None-Match: W/"0"`, "Prefer: wait=60")
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusNotModified || resp.Header.Get("Preference-Applied") != "wait=60" {
		return fmt.Errorf("got %s with Preference-Applied %q", resp.Status, resp.Header.Get("Preference-Applied"))
	}
	return nil
}
