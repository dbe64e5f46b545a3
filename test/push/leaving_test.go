package push

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
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

// departure is a way in which all watchers are sent away.
type departure struct {
	name  string
	begin func(*pollard)
	code  int
	words map[string]string // that are said at last, by kind of watcher
	stops bool              // the program ends, and who watched comes back to another
}

// departures are all ways.
func departures() []departure {
	restart := map[string]string{
		"cable":  `{"type":"disconnect","reason":"server_restart","reconnect":true}`,
		"events": `data: {"status":503,"reconnect":true}`,
	}
	poll := map[string]string{
		"cable":  `{"type":"disconnect","reason":"remote","reconnect":false}`,
		"events": `data: {"status":410,"reconnect":false}`,
	}
	return []departure{
		{"stopping", func(p *pollard) { p.signal(syscall.SIGTERM) }, 1012, restart, true},
		{"lowering the route", func(p *pollard) { p.reload("coalesce", crowded) }, 4410, poll, false},
		{"switching the route off", func(p *pollard) { p.reload("off", crowded) }, 4410, poll, false},
		{"the kill switch", func(p *pollard) { p.signal(syscall.SIGUSR1) }, 4410, poll, false},
	}
}

// crowd is how many watch when all are sent away; make test-push-long has more.
var crowd = flag.Int("watchers", 120, "watchers that are sent away; a multiple of the number of kinds")

const crowded = "limits: {handshakes: 0, watchers_per_identity: 0}"

func TestEveryWatcherIsSentAwayProperlyAndNoPollFails(t *testing.T) {
	for _, d := range departures() {
		t.Run(d.name, func(t *testing.T) {
			p := serve(t, "push", crowded, draining(400))
			watchers := p.crowd(*crowd)
			polls := p.steadily("alice", "bob", "user1", "user2")
			held := make(chan error, 1)
			if d.stops {
				go func() { held <- p.longPoll() }()
			}
			polls.eventuallyPoll(p, 100)
			d.begin(p)
			for _, w := range watchers {
				if err := w.endedWith(d.code, d.words); err != nil {
					t.Error(err)
				}
			}
			if d.stops {
				if err := <-held; err != nil {
					t.Errorf("a poll that was held: %v", err)
				}
				<-p.program.Exited()
				if want := regexp.MustCompile(`msg=stopped .*requests_cut=0 watchers_told=(\d+) tunnels_cut=0`); p.toldAtLeast(want) < *crowd {
					t.Errorf("got a log without %v of %d watchers", want, *crowd)
				}
			} else {
				polls.eventuallyPoll(p, 100)
			}
			polls.stop()
			polls.wantNoFailure(p)
		})
	}
}

// toldAtLeast returns the figure of a line of the log; held polls are in it.
func (p *pollard) toldAtLeast(line *regexp.Regexp) int {
	found := line.FindStringSubmatch(p.program.Log.String())
	if found == nil {
		return 0
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// crowd opens so many watches, of every kind, by fifty users.
func (p *pollard) crowd(n int) []*watcher {
	p.t.Helper()
	var watchers []*watcher
	for i := range n / len(kinds()) {
		for kind := range kinds() {
			watchers = append(watchers, p.watch(kind, fmt.Sprint("user", i%50)))
		}
	}
	for _, w := range watchers {
		p.eventually(w.hasHeard(w.user))
	}
	return watchers
}

// draining sends the crowd away so that so many come back a second.
func draining(reconnects int) string {
	return fmt.Sprintf("drain: {grace: %v, reconnects: %d}", 3*time.Second+2*turns(reconnects), reconnects)
}

// turns is how long it takes until all have come back.
func turns(reconnects int) time.Duration {
	return time.Duration(*crowd) * time.Second / time.Duration(reconnects)
}

// The successor lets in as many a second as may come back, and a second's worth
// at once: it would refuse some of those who come faster.
func TestThoseWhoAreSentAwayComeBackNoFasterThanTheyMay(t *testing.T) {
	reconnects := *crowd * 2 / 3
	p := serve(t, "push", crowded, draining(reconnects))
	successor := serve(t, "push", fmt.Sprintf("limits: {handshakes: %d, watchers_per_identity: 0}", reconnects))
	watchers := p.crowd(*crowd)
	p.signal(syscall.SIGTERM)
	var coming errgroup.Group
	for _, w := range watchers {
		coming.Go(func() error { return w.movesTo(successor, turns(reconnects)) })
	}
	if err := coming.Wait(); err != nil {
		t.Error(err)
	}
	successor.eventually(successor.counts(float64(len(watchers)), "pollard_watchers"))
	if refused, err := successor.figure("pollard_subscriptions_refused_total"); err != nil || refused != 0 {
		t.Errorf("got %v refused, %v, want none", refused, err)
	}
}

// movesTo waits until the watcher is sent away, and comes back to another
// program when it was told to, which must be within a time.
func (w *watcher) movesTo(p *pollard, within time.Duration) error {
	if err := w.over(); err != nil {
		return err
	}
	after, err := w.comesBack()
	if err != nil {
		return err
	}
	if after > within {
		return fmt.Errorf("%s of %s is to come back after %v, later than the rate of reconnects demands", w.kind, w.user, after)
	}
	<-time.After(after)
	if _, _, err := p.tryWatch(w.kind, w.user); err != nil {
		return fmt.Errorf("%s of %s came back after %v: %w", w.kind, w.user, after, err)
	}
	return nil
}

// longPoll asks to be held for longer than the program's grace. The answer must say that its connection ends.
func (p *pollard) longPoll() error {
	resp, _, err := p.poll(&http.Client{Transport: &http.Transport{}}, "alice", `If-None-Match: W/"0"`, "Prefer: wait=60")
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusNotModified || resp.Header.Get("Preference-Applied") != "wait=60" || !resp.Close {
		return fmt.Errorf("got %s with Preference-Applied %q and Connection: close %v", resp.Status, resp.Header.Get("Preference-Applied"), resp.Close)
	}
	return nil
}
