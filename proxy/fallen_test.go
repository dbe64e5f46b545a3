package proxy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/rollout"
)

// byUID has a route tell its actors by a cookie.
func byUID(o *RouteOptions) { o.ActorCookie = "uid" }

// swapAndSendAway is what a reload does, or a change of the rollout.
func (s *site) swapAndSendAway(routes ...RouteOptions) {
	s.t.Helper()
	reload(s.rig, routes...)
	s.Push.SendAway(s.t.Context())
}

func TestWhoFallsOffTheRungIsToldToPollAndTheOthersStay(t *testing.T) {
	percent := func(p rollout.Percent) func(*RouteOptions) {
		return func(o *RouteOptions) { o.Rollout.Percent = p }
	}
	tests := map[string][]RouteOptions{
		"the percentage is lowered": {polled("/doc", pushed, byUID, percent(rollout.Everyone/3))},
		"to nobody":                 {polled("/doc", pushed, byUID, percent(0))},
		"somebody is denied": {polled("/doc", pushed, byUID, func(o *RouteOptions) {
			o.Rollout.Deny = map[string]bool{"3": true}
		})},
		"the stage is lowered":          {polled("/doc", byUID)},
		"the route is switched off":     {polled("/doc", byUID, func(o *RouteOptions) { o.Rollout.Stage = rollout.Off })},
		"the route is removed":          nil,
		"another route takes its place": {polled("/d*", func(o *RouteOptions) { o.Name = "before" }), polled("/doc", pushed, byUID)},
		"nothing changes":               {polled("/doc", pushed, byUID)},
	}
	for name, routes := range tests {
		app := newApplication()
		playSite(t, app.ServeHTTP, func(s *site) {
			watchers := map[string][]*inbox{}
			for i := range 12 {
				uid := fmt.Sprint(i)
				cookie := "Cookie: sid=a; uid=" + uid
				c, cable := s.cable(cookie)
				c.subscribe("/doc")
				resp, stream := s.stream("/doc", cookie)
				watchers[uid] = []*inbox{s.watch("/doc", "", cookie).heard(), cable, heardEvents(resp, stream)}
			}
			time.Sleep(time.Second)
			s.swapAndSendAway(routes...)
			time.Sleep(5 * time.Second)
			app.change()
			time.Sleep(5 * time.Second)
			for uid, told := range watchers {
				stays := len(routes) == 1 && routes[0].Rollout.For(uid) == rollout.Push
				want := map[bool]string{true: "", false: "close 4410"}[stays]
				if told[0].ends() != want || told[1].ends() != want {
					t.Errorf("%s: actor %s: socket ended with %q, cable with %q; want %q", name, uid, told[0].ends(), told[1].ends(), want)
				}
				if got := told[2].answers(`event: end data: {"status":410,"reconnect":false}`); (got == 0) != stays {
					t.Errorf("%s: actor %s: got events %q, want them to go on: %v", name, uid, told[2].all(), stays)
				}
				for _, in := range told {
					if got := strings.Contains(fmt.Sprint(in.all()), `"version":1`); got != stays {
						t.Errorf("%s: actor %s was told the change: %v, want %v", name, uid, got, stays)
					}
				}
			}
		}, polled("/doc", pushed, byUID))
	}
}

func TestWatchersGoOnByTheNewIntervalOfTheirRoute(t *testing.T) {
	app := newApplication()
	playSite(t, app.ServeHTTP, func(s *site) {
		in := s.watch("/doc", "", alice).heard()
		s.swapAndSendAway(polled("/doc", pushed, func(o *RouteOptions) {
			o.Policy.Interval, o.Policy.MinInterval = 10*time.Second, 10*time.Second
		}))
		time.Sleep(15 * time.Second)
		before, _ := app.called()
		time.Sleep(100 * time.Second)
		if after, _ := app.called(); after-before < 8 || after-before > 12 {
			t.Errorf("got %d calls in ten of the new intervals, want 8 to 12", after-before)
		}
		if in.ends() != "" {
			t.Errorf("the watch ended with %s", in.ends())
		}
	}, polled("/doc", pushed))
}

// What a careless rule has mixed up ends with the reload that mends it, and is
// not spread over minutes.
func TestUnderOtherRulesOfSharingWatchersAreToldToComeBackAtOnce(t *testing.T) {
	app := newApplication()
	app.extra = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Etag", `"1"`)
		fmt.Fprintf(w, "{%q:1}", r.Header.Get("Cookie"))
		return true
	}
	playSite(t, app.ServeHTTP, func(s *site) {
		var all []*inbox
		for _, who := range []string{alice, bob} {
			all = append(all, s.watch("/doc", "", who).heard())
		}
		time.Sleep(time.Second)
		reload(s.rig, polled("/doc", pushed)) // and nobody is sent away by the hub
		time.Sleep(100 * time.Millisecond)
		for _, in := range all {
			if got := in.ends(); !strings.HasPrefix(got, "close 1013") {
				t.Errorf("ended with %q, want close 1013", got)
			}
		}
	}, polled("/doc", pushed, sharing(coalescer.Everything)))
}

// The route falls while upgrades are at any point of their way: some are refused,
// and of those who joined nobody is forgotten.
func TestWatchersThatJoinWhileTheirRouteFallsAreAllTold(t *testing.T) {
	app := newApplication()
	up := httptest.NewServer(app)
	defer up.Close()
	s := openSite(newRig(t, up.URL, polled("/doc", pushed)))
	defer s.close()
	atOnce, cancel := context.WithCancel(context.Background())
	cancel() // no time for a spread
	ended := map[string]int{}
	for round := range 40 { // below the rate of handshakes
		reload(s.rig, polled("/doc", pushed))
		var joining [10]chan string
		for i := range joining {
			joining[i] = make(chan string, 1)
			go func() { joining[i] <- s.upgradeAndWait(fmt.Sprintf("Cookie: sid=a; tab=%d", i)) }()
		}
		for s.Push.Count() < round%len(joining) {
			runtime.Gosched()
		}
		reload(s.rig, polled("/doc"))
		s.Push.SendAway(atOnce)
		for _, how := range joining {
			ended[<-how]++
		}
	}
	if ended["close 4410"] == 0 || len(ended) > 2 || len(ended) == 2 && ended["refused"] == 0 {
		t.Errorf("got %v, want everyone refused or closed with 4410", ended)
	}
}

// upgradeAndWait returns how a watch ends, or that it is refused.
func (s *site) upgradeAndWait(cookie string) string {
	c, resp := s.upgrade("/doc", "", cookie)
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return "refused"
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	for {
		_, _, err := c.ReadMessage()
		var closed *websocket.CloseError
		if errors.As(err, &closed) {
			return fmt.Sprint("close ", closed.Code)
		}
		if err != nil {
			return err.Error()
		}
	}
}
