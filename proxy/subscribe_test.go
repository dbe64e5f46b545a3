package proxy

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
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
		time.Sleep(time.Second)
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
		before, _ := app.called()
		s.watch("/doc", "", bob).want(bodyOf("bob", 0))
		if after, _ := app.called(); after-before != 1 {
			t.Errorf("got %d calls for the second to watch, want 1: it is known by then", after-before)
		}
	}, polled("/doc", pushed))
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

func TestPollsAvoidedAreThoseThatUpstreamWouldHaveAskedFor(t *testing.T) {
	tests := []struct {
		interval string
		stretch  time.Duration
		want     float64 // in 300 s
	}{
		{"", 0, 100}, // the route's own
		{"10000", 0, 30},
		{"10000", 20 * time.Second, 15},
	}
	for _, test := range tests {
		app := newApplication()
		if test.interval != "" {
			app.header.Set("Poll-Interval", test.interval)
		}
		playSite(t, app.ServeHTTP, func(s *site) {
			s.watch("/doc", "", alice).heard()
			time.Sleep(300 * time.Second)
			if got := s.counts("polled").Avoided; got < test.want-1 || got > test.want+1 {
				t.Errorf("Poll-Interval %q, at least %v: got %v polls avoided, want %v", test.interval, test.stretch, got, test.want)
			}
		}, polled("/doc", pushed, func(o *RouteOptions) { o.Stretch = test.stretch }))
	}
}
