package proxy

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/rollout"
)

const hasFirst = `If-None-Match: W/"0"`

func TestALongPollIsAnsweredWhenTheDocumentChangesOrTheTimeIsUp(t *testing.T) {
	tests := []struct {
		name    string
		lines   []string
		changes time.Duration // 0: never
		status  int
		after   time.Duration // from this on, and an interval later at most
		applied string
	}{
		{"a change", []string{hasFirst, "Prefer: wait=30"}, 10 * time.Second, 200, 10 * time.Second, "wait=30"},
		{"no change", []string{hasFirst, "Prefer: wait=30"}, 0, 304, 30 * time.Second, "wait=30"},
		{"no change, not even a second", []string{hasFirst, "Prefer: wait=1"}, 0, 304, time.Second, "wait=1"},
		{"in quotes, with space", []string{hasFirst, `Prefer: WAIT = "5" `}, 0, 304, 5 * time.Second, "wait=5"},
		{"too long", []string{hasFirst, "Prefer: wait=3600"}, 0, 304, time.Minute, "wait=60"},
		{"far too long", []string{hasFirst, "Prefer: wait=2147483647"}, 0, 304, time.Minute, "wait=60"},
		{"no condition", []string{"Prefer: wait=30"}, 0, 200, 0, "wait=30"},
		{"an older state", []string{`If-None-Match: W/"x"`, "Prefer: wait=30"}, 0, 200, 0, "wait=30"},
	}
	for _, test := range tests {
		app := newApplication()
		playSite(t, app.ServeHTTP, func(s *site) {
			began := time.Now()
			answered := s.goAsk(request("/doc", append(test.lines, alice)...))
			if test.changes > 0 {
				time.Sleep(test.changes)
				app.change()
			}
			resp := <-answered
			took := time.Since(began)
			if resp.StatusCode != test.status || took < test.after || took > test.after+4*time.Second || test.changes == 0 && took != test.after {
				t.Errorf("%s: got %d after %v, want %d after %v", test.name, resp.StatusCode, took, test.status, test.after)
			}
			if got := resp.Header.Get("Preference-Applied"); got != test.applied {
				t.Errorf("%s: got Preference-Applied %q, want %q", test.name, got, test.applied)
			}
			if got := s.counts("polled"); got.Polls != 1 {
				t.Errorf("%s: got %d polls counted, want 1", test.name, got.Polls)
			}
			if _, last := app.called(); last.Header["Prefer"] != nil {
				t.Errorf("%s: upstream was told Prefer %q: it is we who wait", test.name, last.Header["Prefer"])
			}
		}, polled("/doc", pushed))
	}
}

func TestPreferencesThatAreNotOursPass(t *testing.T) {
	coalesced := func(o *RouteOptions) { o.Rollout.Stage = rollout.Coalesce }
	tests := []struct {
		name, prefer string
		with         func(*RouteOptions)
	}{
		{"below push", "wait=10", coalesced},
		{"an actor one rung lower", "wait=10", func(o *RouteOptions) { o.Rollout.Percent = 0 }},
		{"another preference", "respond-async", nil},
		{"another one besides", "respond-async, wait=10", nil},
		{"nonsense", "wait=soon", nil},
		{"a negative time", "wait=-1", nil},
		{"no time at all", "wait=0", nil},
		{"an absurd time", "wait=99999999999999999999", nil},
	}
	for _, test := range tests {
		app := newApplication()
		with := []func(*RouteOptions){pushed}
		if test.with != nil {
			with = append(with, test.with)
		}
		playSite(t, app.ServeHTTP, func(s *site) {
			began := time.Now()
			resp := s.get("/doc", alice, hasFirst, "Prefer: "+test.prefer)
			_, last := app.called()
			if got := last.Header.Get("Prefer"); got != test.prefer || resp.StatusCode != http.StatusNotModified || time.Since(began) > 0 {
				t.Errorf("%s: got %d after %v, upstream heard Prefer %q; want %q passed on", test.name, resp.StatusCode, time.Since(began), got, test.prefer)
			}
			if got := resp.Header["Preference-Applied"]; got != nil {
				t.Errorf("%s: got Preference-Applied %q, want none", test.name, got)
			}
		}, polled("/doc", with...))
	}
}

func TestAPreferenceThatWasNotAppliedIsNotSaidToBe(t *testing.T) {
	app := newApplication()
	app.header.Set("Cache-Control", "no-store")
	playSite(t, app.ServeHTTP, func(s *site) {
		for range 3 {
			if got := s.get("/doc", alice, `If-None-Match: W/"x"`, "Prefer: wait=10").Header["Preference-Applied"]; got != nil {
				t.Errorf("got Preference-Applied %q for what cannot be shared, want none", got)
			}
		}
	}, polled("/doc", pushed))
}

func TestALongPollIsToldWhenUpstreamNoLongerGivesTheDocument(t *testing.T) {
	app := newApplication()
	playSite(t, app.ServeHTTP, func(s *site) {
		answered := s.goAsk(request("/doc", alice, hasFirst, "Prefer: wait=60"))
		time.Sleep(10 * time.Second)
		app.revoke("a")
		app.change()
		if resp := <-answered; resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("got %s with %q, want upstream's 401", resp.Status, body(resp))
		}
	}, polled("/doc", pushed))
}

func TestALongPollThatHangsUpLeavesNothingBehind(t *testing.T) {
	app := newApplication()
	playSite(t, app.ServeHTTP, func(s *site) {
		ctx, hangUp := context.WithCancel(context.Background())
		answered := s.goAsk(request("/doc", alice, hasFirst, "Prefer: wait=60").WithContext(ctx))
		time.Sleep(10 * time.Second)
		hangUp()
		<-answered
		if got := s.counts("polled").ByOutcome; got[ledger.Failed] != 1 {
			t.Errorf("got %v, want one poll that failed", got)
		}
		before, _ := app.called()
		time.Sleep(time.Hour)
		if after, _ := app.called(); after != before || s.Push.Count() != 0 {
			t.Errorf("got %d calls and %d connections after the client hung up, want none", after-before, s.Push.Count())
		}
	}, polled("/doc", pushed))
}

func TestManyLongPollsAreOneCallPerInterval(t *testing.T) {
	app := newApplication()
	playSite(t, app.ServeHTTP, func(s *site) {
		var all []<-chan *http.Response
		for range 100 {
			all = append(all, s.goAsk(request("/doc", alice, hasFirst, "Prefer: wait=30")))
		}
		for _, answered := range all {
			if resp := <-answered; resp.StatusCode != http.StatusNotModified {
				t.Errorf("got %s, want 304", resp.Status)
			}
		}
		if calls, _ := app.called(); calls > 12 {
			t.Errorf("got %d calls in ten intervals, want one in each", calls)
		}
	}, polled("/doc", pushed))
}

// An instance that stops, and a route that is taken down, send those who wait
// away: a poll that is held longer than the grace would be cut off.
func TestHeldPollsAreAnsweredWhenWatchersAreSentAway(t *testing.T) {
	tests := map[string]struct {
		leave    func(*site)
		answered bool
	}{
		"the instance stops": {func(s *site) { s.Push.Drain(context.Background()) }, true},
		"the route is taken down": {func(s *site) {
			reload(s.rig, polled("/doc"))
			s.Push.SendAway(context.Background())
		}, true},
		"another one is taken down": {func(s *site) {
			reload(s.rig, polled("/doc", pushed))
			s.Push.SendAway(context.Background())
		}, false},
	}
	for name, test := range tests {
		app := newApplication()
		playSite(t, app.ServeHTTP, func(s *site) {
			answered := s.goAsk(request("/doc", alice, hasFirst, "Prefer: wait=60"))
			time.Sleep(10 * time.Second)
			test.leave(s)
			began := time.Now()
			resp := <-answered
			if soon := time.Since(began) < time.Second; resp.StatusCode != http.StatusNotModified || soon != test.answered {
				t.Errorf("%s: got %s after %v, want 304 at once to be %v", name, resp.Status, time.Since(began), test.answered)
			}
		}, polled("/doc", pushed))
	}
}

func TestPollsThatComeWhileTheInstanceStopsAreNotHeld(t *testing.T) {
	app := newApplication()
	playSite(t, app.ServeHTTP, func(s *site) {
		s.Push.Drain(context.Background())
		began := time.Now()
		resp := s.get("/doc", alice, hasFirst, "Prefer: wait=60")
		if resp.StatusCode != http.StatusNotModified || time.Since(began) > 0 {
			t.Errorf("got %s after %v, want 304 at once", resp.Status, time.Since(began))
		}
	}, polled("/doc", pushed))
}

func FuzzWait(f *testing.F) {
	for _, seed := range []string{"wait=1", "wait=60", `wait="5"`, "wait", "wait=", "wait=1;x", "respond-async", "wait=1, wait=2", "=", `wait="`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, prefer string) {
		got := wait([]string{prefer})
		if got < 0 || got > maxWait || got%time.Second != 0 {
			t.Errorf("%q: got %v, want whole seconds up to %v", prefer, got, maxWait)
		}
		if said := fmt.Sprintf("wait=%d", got/time.Second); got > 0 && wait([]string{said}) != got {
			t.Errorf("%q: got %v, which is not what %q means", prefer, got, said)
		}
	})
}
