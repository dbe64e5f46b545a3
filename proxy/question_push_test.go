package proxy

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

func TestASubscriptionAsksAsTheIdentityLastPolled(t *testing.T) {
	fields := []string{"Accept", "Accept-Language", "X-Requested-With", "Accept-Encoding", "X-Layout", "Origin", "Upgrade", "Last-Event-Id", "Sec-Websocket-Key"}
	tests := []struct {
		name  string
		polls [][]string // one after the other
		want  map[string]string
	}{
		{"never", nil, map[string]string{"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"}},
		{"by fetch", [][]string{{alice, "Accept: */*", "Accept-Language: de"}}, map[string]string{"Accept": "*/*", "Accept-Language": "de"}},
		{"twice", [][]string{{alice, "Accept: text/html"}, {alice, "Accept: */*", "X-Layout: wide"}}, map[string]string{"Accept": "*/*", "X-Layout": "wide"}},
		{"somebody else", [][]string{{bob, "Accept: text/html"}}, map[string]string{"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"}},
		{"another site made the browser ask", [][]string{{alice, "Accept: */*"}, {alice, "Accept: text/html", "Origin: https://evil.test"}, {alice, "Accept: text/css", "Sec-Fetch-Site: cross-site"}}, map[string]string{"Accept": "*/*"}},
	}
	layout := func(o *RouteOptions) { o.Variant = []string{"X-Layout"} }
	for _, test := range tests {
		for _, transport := range []string{"socket", "events", "cable"} {
			app := newApplication()
			playSite(t, app.ServeHTTP, func(s *site) {
				for _, lines := range test.polls {
					s.get("/doc", lines...)
					time.Sleep(time.Second)
				}
				switch transport {
				case "socket":
					s.watch("/doc", "", alice, "Accept: text/xml", "Accept-Language: tlh").next()
				case "events":
					resp, events := s.stream("/doc", alice, "Accept-Language: tlh", ownOrigin, `Last-Event-ID: W/"x"`)
					event(events)
					resp.Body.Close()
				case "cable":
					c, in := s.cable(alice, "Accept-Language: tlh")
					c.subscribe("/doc")
					in.all()
				}
				_, last := app.called()
				for _, name := range fields {
					if got := last.Header.Get(name); got != test.want[name] {
						t.Errorf("%s, by %s: got %s %q upstream, want %q", test.name, transport, name, got, test.want[name])
					}
				}
				if got := last.Header.Get("Cookie"); got != "sid=a" {
					t.Errorf("%s, by %s: got Cookie %q upstream, want the session's", test.name, transport, got)
				}
			}, polled("/doc", pushed, layout))
		}
	}
}

func TestASubscriptionTellsUpstreamWhatTheBalancerSaid(t *testing.T) {
	said := map[string]string{"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "www.test", "X-Forwarded-Email": "alice@app.test"}
	lines := []string{"Origin: https://www.test"}
	for name, value := range said {
		lines = append(lines, name+": "+value)
	}
	for _, peer := range []string{viaBalancer, "Via: 1.1 stranger"} {
		app := newApplication()
		playSite(t, app.ServeHTTP, func(s *site) {
			s.upgrade("/doc", "", append(lines, alice, peer)...)
			calls, last := app.called()
			if peer != viaBalancer {
				if calls != 0 {
					t.Errorf("a stranger who says so has upstream asked with %v", last.Header)
				}
				return
			}
			for name, want := range said {
				if got := last.Header.Get(name); !strings.HasPrefix(got, want) {
					t.Errorf("got %s %q upstream, want %q", name, got, want)
				}
			}
		}, polled("/doc", pushed))
	}
}

func TestPollsAndSocketsShareOneDocument(t *testing.T) {
	app := newApplication()
	playSite(t, app.ServeHTTP, func(s *site) {
		page := []string{alice, "Accept: */*", "Accept-Language: de", "Accept-Encoding: gzip, deflate, br"}
		s.get("/doc", page...)
		for range 3 {
			s.watch("/doc", "", alice).heard()
			s.watch("/doc", "pollard.v1", alice).heard()
			resp, _ := s.stream("/doc", alice)
			go resp.Body.Read(make([]byte, 1<<10))
		}
		before, _ := app.called()
		const minutes = 5
		for range minutes * 60 {
			time.Sleep(time.Second)
			for range 3 {
				if got := s.get("/doc", page...).StatusCode; got != http.StatusOK {
					t.Fatalf("got %d for a poll, want 200", got)
				}
			}
		}
		after, _ := app.called()
		const intervals, leases = minutes * 60 / 3, minutes * 4 / 3 // which end up to a quarter early
		if got := after - before; got > intervals+leases || got < intervals*9/10 {
			t.Errorf("got %d calls in %d intervals, want one in each, and one more for each of %d leases", got, intervals, leases)
		}
	}, polled("/doc", pushed))
}

// audienceOfTwo is everyone who watches and polls in TestNobodyIsToldWhatIsAnothers.
type audienceOfTwo struct {
	*site
	rnd   *rand.Rand
	inbox map[string][]*inbox // by owner
}

// As with GitLab the tags say nothing of who asks, and a stranger may say
// whatever names others: every frame and every answer must be its owner's.
func TestNobodyIsToldWhatIsAnothers(t *testing.T) {
	for share, changes := range map[coalescer.Share]int{coalescer.Nothing: 1000, coalescer.Changes: 300} {
		if brief() {
			changes /= 10
		}
		t.Run(share.String(), func(t *testing.T) {
			t.Parallel()
			app := newApplication()
			cosmetic := func(o *RouteOptions) { o.IgnoreCookies = []string{"_ga*"} }
			playSite(t, app.ServeHTTP, func(s *site) {
				c := &audienceOfTwo{site: s, rnd: rand.New(rand.NewPCG(1, 2)), inbox: map[string][]*inbox{}}
				c.gather()
				for range changes {
					app.change()
					c.pollAround()
					time.Sleep(time.Duration(c.rnd.IntN(5000)) * time.Millisecond)
				}
				time.Sleep(2 * time.Minute)
				c.judge(t, changes)
			}, polled("/doc", pushed, sharing(share), cosmetic))
		})
	}
}

// guises are how each owner comes, and what must not make another of them.
func guises() map[string][][]string {
	return map[string][][]string{
		"alice": {
			{alice}, {"Cookie: _ga=1; sid=a"}, {"Cookie: sid=a; _ga_x=2"}, {"Cookie: sid=a; sid=b"}, {"Cookie: other=b; sid=a"},
			{alice, "X-Forwarded-User: bob"}, {alice, "X-Forwarded-User: bob", "X-Forwarded-For: 10.0.0.1"}, {bob, "X-Forwarded-User: alice", viaBalancer},
		},
		"bob": {
			{bob}, {"Cookie: sid=b; sid=a"}, {"Cookie: sid=b; _ga=sid=a"}, {bob, "X-Forwarded-User: alice"}, {"Cookie: _ga=sid=a; sid=b"},
			{alice, "X-Forwarded-User: bob", viaBalancer},
		},
	}
}

func (c *audienceOfTwo) gather() {
	for owner, guises := range guises() {
		for _, lines := range guises {
			for _, protocol := range []string{"", "pollard.v1"} {
				c.inbox[owner] = append(c.inbox[owner], c.watch("/doc", protocol, lines...).heard())
			}
			cable, in := c.cable(lines...)
			cable.subscribe("/doc")
			c.inbox[owner] = append(c.inbox[owner], in)
			c.inbox[owner] = append(c.inbox[owner], heardEvents(c.stream("/doc", lines...)))
		}
	}
}

func (c *audienceOfTwo) pollAround() {
	for owner, guises := range guises() {
		lines := guises[c.rnd.IntN(len(guises))]
		if c.rnd.IntN(2) == 0 {
			lines = append(lines[:len(lines):len(lines)], fmt.Sprintf(`If-None-Match: W/"%d"`, c.rnd.IntN(1000)))
		}
		in := request("/doc", lines...)
		for _, line := range lines {
			if line == viaBalancer {
				in.RemoteAddr = balancer
			}
		}
		resp := c.ask(in)
		if got := body(resp); resp.StatusCode == http.StatusOK && !strings.Contains(got, `"owner":"`+owner) {
			c.t.Errorf("a poll of %s with %q got %s", owner, lines, got)
		}
	}
}

func (c *audienceOfTwo) judge(t *testing.T, changes int) {
	synctest.Wait()
	for owner, inboxes := range c.inbox {
		for i, in := range inboxes {
			told, last := 0, -1
			for _, m := range in.all() {
				m = strings.ReplaceAll(m, `\"`, `"`)
				at := strings.Index(m, `{"owner":`)
				if at < 0 {
					continue
				}
				var doc struct {
					Owner   string
					Version int
				}
				if err := json.NewDecoder(strings.NewReader(m[at:])).Decode(&doc); err != nil {
					t.Fatalf("%s: %v", m, err)
				}
				if doc.Owner != owner || doc.Version <= last {
					t.Fatalf("watcher %d of %s was told %s after version %d", i, owner, m, last)
				}
				told, last = told+1, doc.Version
			}
			if last != changes || told < changes/2 {
				t.Errorf("watcher %d of %s was told %d states, the last is %d, want %d", i, owner, told, last, changes)
			}
		}
	}
}
