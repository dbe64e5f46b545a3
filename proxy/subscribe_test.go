package proxy

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/rollout"
)

const alice, bob = "Cookie: sid=a", "Cookie: sid=b"

func TestEveryTransportOnThePolledURLTellsTheCurrentStateAndEachNewOne(t *testing.T) {
	app := newApplication()
	playSite(t, app.ServeHTTP, func(s *site) {
		bare := s.watch("/doc?a=1", "", alice).heard()
		objects := s.watch("/doc?a=1", "pollard.v1", alice)
		objects.WriteMessage(websocket.TextMessage, []byte(`{"type":"have","etag":"W/\"0\""}`))
		told := objects.heard()
		resp, events := s.stream("/doc?a=1", alice, `Last-Event-ID: W/"none"`)
		if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
			t.Errorf("got Content-Type %q, want text/event-stream", got)
		}
		if got, want := event(events), `id: W/"0" event: document data: {"owner":"alice","version":0}`; got != want {
			t.Errorf("got event %s, want %s", got, want)
		}
		app.change()
		if got, want := event(events), `id: W/"1" event: document data: {"owner":"alice","version":1}`; got != want {
			t.Errorf("got event %s, want %s", got, want)
		}
		if got, want := fmt.Sprint(bare.all()), fmt.Sprint([]string{bodyOf("alice", 0), bodyOf("alice", 1)}); got != want {
			t.Errorf("got bodies %s, want %s", got, want)
		}
		if got := told.all(); len(got) != 1 || !strings.HasSuffix(got[0], `"body":`+bodyOf("alice", 1)+"}") {
			t.Errorf("a client that had the first state got %q, want the second alone", got)
		}
	}, polled("/doc", pushed))
}

func TestPushIsOfferedToActorsOnThatRungAlone(t *testing.T) {
	third := func(o *RouteOptions) {
		o.Rollout.Percent, o.ActorCookie = rollout.Everyone/3, "uid"
	}
	tests := []struct {
		name string
		with []func(*RouteOptions)
	}{
		{"push", []func(*RouteOptions){pushed}},
		{"push for a third", []func(*RouteOptions){pushed, third}},
		{"coalesce", nil},
		{"observe", []func(*RouteOptions){func(o *RouteOptions) { o.Rollout.Stage = rollout.Observe }}},
		{"off", []func(*RouteOptions){func(o *RouteOptions) { o.Rollout.Stage = rollout.Off }}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			app := newApplication()
			route := polled("/doc", test.with...)
			offered := 0
			playSite(t, app.ServeHTTP, func(s *site) {
				for i := range 30 {
					actor := fmt.Sprint(i)
					want := ""
					if route.Rollout.For(actor) == rollout.Push {
						want, offered = "1", offered+1
					}
					lines := []string{fmt.Sprintf("Cookie: sid=a; uid=%d", i)}
					for range 2 {
						if got := s.get("/doc", lines...).Header.Get("Pollard-Push"); got != want {
							t.Errorf("actor %d: got Pollard-Push %q, want %q", i, got, want)
						}
					}
				}
			}, route)
			if isThird := test.name == "push for a third"; isThird != (offered > 0 && offered < 30) {
				t.Errorf("push was offered to %d of 30 actors", offered)
			}
		})
	}
}

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

func TestUpgradesOfOtherSitesAreRefusedBeforeUpstreamIsAsked(t *testing.T) {
	also := func(o *RouteOptions) { o.Origins = []string{"https://partner.test:8443"} }
	tests := []struct {
		name  string
		lines []string
		given bool
	}{
		{"the site's own", []string{ownOrigin}, true},
		{"one that the route names", []string{"Origin: https://partner.test:8443"}, true},
		{"of TLS that ends at the balancer", []string{"Origin: https://app.test", "X-Forwarded-Proto: https", viaBalancer}, true},
		{"of the host that the balancer names", []string{"Origin: https://www.test", "X-Forwarded-Proto: https", "X-Forwarded-Host: www.test", viaBalancer}, true},
		{"missing", []string{"Origin: -"}, false},
		{"null", []string{"Origin: null"}, false},
		{"foreign", []string{"Origin: https://evil.test"}, false},
		{"another scheme", []string{"Origin: https://app.test"}, false},
		{"another port", []string{"Origin: http://app.test:8080"}, false},
		{"one that begins alike", []string{"Origin: http://app.test.evil.test"}, false},
		{"a subdomain", []string{"Origin: http://evil.app.test"}, false},
		{"the partner's other port", []string{"Origin: https://partner.test"}, false},
		{"two", []string{ownOrigin, "Origin: https://evil.test"}, false},
		{"a scheme that a stranger makes up", []string{"Origin: https://app.test", "X-Forwarded-Proto: https"}, false},
		{"a host that a stranger makes up", []string{"Origin: http://evil.test", "X-Forwarded-Host: evil.test"}, false},
		{"the inner one, where the balancer names another", []string{ownOrigin, "X-Forwarded-Proto: https", viaBalancer}, false},
		{"two hosts that balancers name", []string{"Origin: http://evil.test", "X-Forwarded-Host: evil.test", "X-Forwarded-Host: app.test", viaBalancer}, false},
	}
	for _, test := range tests {
		for _, at := range []string{"/doc", "/-/pollard/cable"} {
			app := newApplication()
			protocol := map[string]string{"/-/pollard/cable": "actioncable-v1-json"}[at]
			playSite(t, app.ServeHTTP, func(s *site) {
				c, resp := s.upgrade(at, protocol, append(test.lines, alice)...)
				calls, _ := app.called()
				if given := resp.StatusCode == http.StatusSwitchingProtocols; given != test.given || !given && resp.StatusCode != http.StatusForbidden {
					t.Errorf("%s at %s: got %s, want given to be %v, else 403", test.name, at, resp.Status, test.given)
				} else if !given && calls > 0 {
					t.Errorf("%s at %s: got %d calls upstream, want none", test.name, at, calls)
				} else if given {
					c.Close()
				}
			}, polled("/doc", pushed, also))
		}
	}
}

func TestEventsOfOtherSitesAreRefusedBeforeUpstreamIsAsked(t *testing.T) {
	for origin, want := range map[string]int{"": 200, ownOrigin: 200, "Origin: null": 403, "Origin: https://evil.test": 403} {
		app := newApplication()
		playSite(t, app.ServeHTTP, func(s *site) {
			lines := []string{alice}
			if origin != "" {
				lines = append(lines, origin)
			}
			resp, _ := s.stream("/doc", lines...)
			if calls, _ := app.called(); resp.StatusCode != want || want == 403 && calls > 0 {
				t.Errorf("%q: got %d after %d calls upstream, want %d", origin, resp.StatusCode, calls, want)
			}
			resp.Body.Close()
		}, polled("/doc", pushed))
	}
}

func TestARefusalIsUpstreamsOwnWithoutItsBody(t *testing.T) {
	for _, status := range []int{302, 401, 403, 404, 500, 503} {
		app := newApplication()
		app.status = status
		playSite(t, app.ServeHTTP, func(s *site) {
			want := status
			if status >= 500 {
				want = http.StatusBadGateway
			}
			_, resp := s.upgrade("/doc", "", alice)
			events, _ := s.stream("/doc", alice)
			for transport, resp := range map[string]*http.Response{"WebSocket": resp, "events": events} {
				if got := body(resp); got != "" || resp.StatusCode != want && resp.StatusCode != status {
					t.Errorf("%s: got %d with %q, want upstream's %d without a body", transport, resp.StatusCode, got, status)
				}
				if len(resp.Header["Location"])+len(resp.Header["Etag"])+len(resp.Header["Set-Cookie"]) > 0 {
					t.Errorf("%s: got %v, want none of upstream's fields", transport, resp.Header)
				}
			}
		}, polled("/doc", pushed))
	}
}

func TestAWatchIsRefusedInTimeWhereUpstreamDoesNotAnswer(t *testing.T) {
	app := newApplication()
	up := httptest.NewServer(app)
	defer up.Close()
	synctest.Test(t, func(t *testing.T) {
		f := forwarder(t, up.URL)
		s := openSite(rigOver(t, f, delayed{f, func() time.Duration { return time.Hour }}, polled("/doc", pushed)))
		defer s.close()
		began := time.Now()
		_, resp := s.upgrade("/doc", "", alice)
		if took := time.Since(began); resp.StatusCode != http.StatusGatewayTimeout || took != 10*time.Second {
			t.Errorf("got %s after %v, want 504 after the route's timeout of 10s", resp.Status, took)
		}
	})
}

func TestA304IsNoProofThatOneMayWatch(t *testing.T) {
	app := newApplication()
	playSite(t, app.ServeHTTP, func(s *site) {
		s.get("/doc", alice)
		time.Sleep(time.Second)
		app.revoke("a") // upstream still answers a condition with 304
		if _, resp := s.upgrade("/doc", "", alice, `If-None-Match: W/"0"`); resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("got %s, want 401", resp.Status)
		}
	}, polled("/doc", pushed))
}

func TestFramesOfACompressedUpstreamArePlain(t *testing.T) {
	app := newApplication()
	app.extra = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Accept-Encoding") != "gzip, br" {
			return false
		}
		w.Header().Set("Etag", `"z"`)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, bodyOf("alice", 0))
		z.Close()
		return true
	}
	playSite(t, app.ServeHTTP, func(s *site) {
		s.get("/doc", alice, "Accept-Encoding: gzip, br")
		s.watch("/doc", "", alice).want(bodyOf("alice", 0))
		if got := s.watch("/doc", "pollard.v1", alice).next(); !strings.HasSuffix(got, `,"body":`+bodyOf("alice", 0)+"}") || strings.Contains(got, "gzip") {
			t.Errorf("got %s, want the plain body and no sign of its coding", got)
		}
		if _, last := app.called(); last.Header.Get("Accept-Encoding") != "gzip, br" {
			t.Errorf("a socket asked for %q, want the page's own encodings: it is one document", last.Header.Get("Accept-Encoding"))
		}
	}, polled("/doc", pushed))
}

// brotli stands for what frames cannot be made of.
func brotli(w http.ResponseWriter, r *http.Request) bool {
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "br") {
		return false
	}
	w.Header().Set("Etag", `"br"`)
	w.Header().Set("Content-Encoding", "br")
	io.WriteString(w, "not to be read")
	return true
}

func TestWhatFramesCannotDecodeIsAskedForPlain(t *testing.T) {
	app := newApplication()
	app.extra = brotli
	playSite(t, app.ServeHTTP, func(s *site) {
		const page = "Accept-Encoding: gzip, br"
		s.get("/doc", alice, page)
		s.watch("/doc", "", alice).want(bodyOf("alice", 0))
		if _, last := app.called(); last.Header["Accept-Encoding"] != nil {
			t.Errorf("got Accept-Encoding %q upstream, want none", last.Header["Accept-Encoding"])
		}
		if got := s.get("/doc", alice, page).Header.Get("Content-Encoding"); got != "br" {
			t.Errorf("the page got Content-Encoding %q, want br", got)
		}
	}, polled("/doc", pushed))
}

// A long poll and a socket of one identity share the question of a live
// document. Taking the encodings from it would be seen by whoever else asks by
// it, and be a race.
func TestAskingForPlainLeavesOthersTheirQuestion(t *testing.T) {
	app := newApplication()
	app.extra = brotli
	playSite(t, app.ServeHTTP, func(s *site) {
		const page = "Accept-Encoding: br"
		s.get("/doc", alice, page)
		held := s.goAsk(request("/doc", alice, page, `If-None-Match: "br"`, "Prefer: wait=30"))
		s.watch("/doc", "", alice).want(bodyOf("alice", 0))
		before, _ := app.called()
		time.Sleep(12 * time.Second)
		app.mu.Lock()
		asked := 0
		for _, r := range app.calls[before:] {
			if r.Header.Get("If-None-Match") == `"br"` && r.Header.Get("Accept-Encoding") != "br" {
				t.Errorf("got Accept-Encoding %q for the page's document, want br", r.Header.Get("Accept-Encoding"))
			}
			if r.Header.Get("Accept-Encoding") == "br" {
				asked++
			}
		}
		app.mu.Unlock()
		if asked == 0 {
			t.Error("nobody asked for the page's document")
		}
		<-held
	}, polled("/doc", pushed))
}

func TestTheFirstToWatchMayLearnWhatTheDocumentVariesOn(t *testing.T) {
	app := newApplication()
	app.header.Set("Vary", "X-Layout")
	playSite(t, app.ServeHTTP, func(s *site) {
		s.watch("/doc", "", alice).want(bodyOf("alice", 0))
	}, polled("/doc", pushed))
}

func TestUnpushableDocumentsAreRefusedAsNoSuccess(t *testing.T) {
	for _, field := range []string{"Cache-Control: no-store", "Set-Cookie: a=b", "Vary: *"} {
		app := newApplication()
		name, value, _ := strings.Cut(field, ": ")
		app.header.Set(name, value)
		playSite(t, app.ServeHTTP, func(s *site) {
			if _, resp := s.upgrade("/doc", "", alice); resp.StatusCode != http.StatusNotAcceptable {
				t.Errorf("%s: got %s, want 406", field, resp.Status)
			}
		}, polled("/doc", pushed))
	}
}

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

func TestAWatchThatUpstreamGrantsTooLateForItsRouteIsRefused(t *testing.T) {
	app := newApplication()
	asked, answer := make(chan struct{}), make(chan struct{})
	app.extra = func(http.ResponseWriter, *http.Request) bool {
		close(asked)
		<-answer
		return false
	}
	up := httptest.NewServer(app)
	defer up.Close()
	r := newRig(t, up.URL, polled("/doc", pushed))
	s := openSite(r)
	defer s.server.Close()
	got := make(chan int)
	go func() {
		_, resp := s.upgrade("/doc", "", alice)
		got <- resp.StatusCode
	}()
	<-asked
	if _, err := s.Swap([]RouteOptions{polled("/doc")}, nil); err != nil {
		t.Error(err)
	}
	close(answer)
	if got := <-got; got != http.StatusGone {
		t.Errorf("got %d, want 410", got)
	}
}

func TestUpstreamIsAskedNoMoreOnceTheLastWatcherHasLeft(t *testing.T) {
	app := newApplication()
	playSite(t, app.ServeHTTP, func(s *site) {
		first, second := s.watch("/doc", "", alice), s.watch("/doc", "", alice)
		second.heard()
		resp, _ := s.stream("/doc", alice)
		time.Sleep(30 * time.Second)
		first.Close()
		resp.Body.Close()
		before, _ := app.called()
		time.Sleep(30 * time.Second)
		after, _ := app.called()
		if asked := after - before; asked < 9 || asked > 11 {
			t.Errorf("got %d calls in ten intervals with one watcher left, want 9 to 11", asked)
		}
		second.Close()
		time.Sleep(3 * time.Second)
		before, _ = app.called()
		time.Sleep(time.Hour)
		if after, _ = app.called(); after != before {
			t.Errorf("got %d calls after the last one left, want none", after-before)
		}
		counts := s.counts("polled")
		if got := counts.ByReason; counts.Polls != 0 || counts.Upstream != uint64(after) || got[ledger.Watch] == 0 || got[ledger.Verify] == 0 || got[ledger.Watch]+got[ledger.Verify] != uint64(after) {
			t.Errorf("got %v for %d calls, want all of them under watch and verify", got, after)
		}
	}, polled("/doc", pushed))
}
