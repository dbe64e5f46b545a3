package push_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/push"
)

func TestBeyondALimitUpgradesAreRefusedForAWhile(t *testing.T) {
	tests := []struct {
		name    string
		options push.Options
		fits    int    // connections of ann
		other   bool   // and then bob still may
		reason  string // counted
	}{
		{"in all", push.Options{Watchers: 3}, 3, false, "watchers"},
		{"of one identity", push.Options{PerIdentity: 2}, 2, true, "per-identity"},
		{"per second", push.Options{HandshakesPerSecond: 4}, 4, false, "handshakes"},
		{"for want of anything", push.Options{Full: afterwards(2)}, 2, false, "full"},
		{"per second, rarely", push.Options{HandshakesPerSecond: 0.25}, 1, false, "handshakes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			playOnce(t, test.options, func(s *scene) {
				for range test.fits {
					defer s.connect("ann", "").Close()
				}
				_, resp, err := s.tryConnect("ann", "")
				if err == nil || resp.StatusCode != http.StatusServiceUnavailable {
					t.Fatalf("one too many: got %v, want 503", resp)
				}
				if after, err := strconv.Atoi(resp.Header.Get("Retry-After")); err != nil || after < 1 || after > 31 {
					t.Errorf("got Retry-After %q, want some seconds", resp.Header.Get("Retry-After"))
				}
				if got := s.counted("pollard_subscriptions_refused_total", test.reason, "scene"); got != 1 {
					t.Errorf("%v refused for %s, want 1", got, test.reason)
				}
				if c, _, err := s.tryConnect("bob", ""); (err == nil) != test.other {
					t.Errorf("another identity: got error %v, want it admitted: %v", err, test.other)
				} else if err == nil {
					c.Close()
				}
			})
		})
	}
}

// afterwards is true from the nth time on.
func afterwards(n int64) func() bool {
	var times atomic.Int64
	return func() bool { return times.Add(1) > n }
}

func TestThereIsRoomAgainWhenAConnectionHasGone(t *testing.T) {
	play(t, push.Options{Watchers: 1, PerIdentity: 1}, func(s *scene) {
		for range 10 {
			c := s.connect("ann", "")
			c.next()
			c.Close()
			synctest.Wait()
		}
	})
}

func TestHandshakesMayGoOnAtTheirRate(t *testing.T) {
	play(t, push.Options{HandshakesPerSecond: 4}, func(s *scene) {
		began := time.Now()
		admitted := 0
		for time.Since(began) < time.Minute {
			if release, refusal := s.hub.Admit(hashOf("ann")); refusal == nil {
				release()
				admitted++
			}
			time.Sleep(10 * time.Millisecond)
		}
		if admitted < 4*60 || admitted > 4*60+4 {
			t.Errorf("%d admitted in a minute at 4 per second", admitted)
		}
	})
}

// leaver notes when it is told what, and goes.
type leaver struct {
	stays bool // set at first, then read-only

	mu    sync.Mutex
	leave func() // guarded by mu, as all that follows
	told  []push.Farewell
	back  []time.Time // when it would be there again
}

func (l *leaver) Leave(why push.Farewell) bool {
	l.mu.Lock()
	l.told = append(l.told, why)
	l.back = append(l.back, time.Now().Add(why.After))
	l.mu.Unlock()
	if !l.stays {
		go l.goes()
	}
	return true
}

func (l *leaver) Review() bool { return false }

func (l *leaver) goes() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leave()
}

// heard returns the one farewell that it was told, and when it would be back.
func (l *leaver) heard(t *testing.T) (push.Farewell, time.Time) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.told) != 1 {
		t.Fatalf("told %v, want one farewell", l.told)
	}
	return l.told[0], l.back[0]
}

func join(t *testing.T, h *push.Hub, n int, stay bool) []*leaver {
	t.Helper()
	all := make([]*leaver, n)
	for i := range all {
		l := &leaver{stays: stay}
		l.mu.Lock()
		leave, ok := h.Join(t.Context(), l)
		if !ok {
			t.Fatal("could not join")
		}
		l.leave = leave
		l.mu.Unlock()
		all[i] = l
	}
	return all
}

func TestDrainSpreadsWhoComesBack(t *testing.T) {
	for _, window := range []time.Duration{0, time.Second, 10 * time.Second, 5 * time.Minute} {
		t.Run(window.String(), func(t *testing.T) {
			play(t, push.Options{ReconnectsPerSecond: 50}, func(s *scene) {
				const n = 2000
				all := join(t, s.hub, n, false)
				ctx, cancel := context.WithCancel(context.Background())
				if window > 0 {
					ctx, cancel = context.WithTimeout(context.Background(), window)
				}
				defer cancel()
				began := time.Now()
				s.hub.Drain(ctx)
				took := time.Since(began)
				if window > 0 && took > window/2+time.Second {
					t.Errorf("took %v of %v", took, window)
				}
				perSecond := map[time.Duration]int{}
				for _, l := range all {
					why, back := l.heard(t)
					if why.Code != push.CloseRestart || !why.Reconnect() {
						t.Fatalf("told %v, want 1012", why)
					}
					perSecond[back.Sub(began).Truncate(time.Second)]++
				}
				for second, n := range perSecond {
					if n > 50 {
						t.Errorf("after %v: %d come back in a second, want 50 at most", second, n)
					}
				}
			})
		})
	}
}

func TestDrainTakesTheSpreadAtLeastAndHalfItsTimeAtMost(t *testing.T) {
	tests := []struct {
		name   string
		spread time.Duration
		want   time.Duration // until the last of ten is told
	}{
		{"few watchers", 20 * time.Second, 18 * time.Second},
		{"a spread that does not fit", time.Hour, 27 * time.Second},
		{"none, at a rate of reconnects", 0, 9 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			play(t, push.Options{ReconnectsPerSecond: 1, Spread: test.spread}, func(s *scene) {
				join(t, s.hub, 10, false)
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				began := time.Now()
				if told := s.hub.Drain(ctx); told != 10 {
					t.Errorf("got %d told, want 10", told)
				}
				if got := time.Since(began); got != test.want {
					t.Errorf("got the last told after %v, want %v", got, test.want)
				}
			})
		})
	}
}

func TestWhenDrainingMustEndAllHaveBeenTold(t *testing.T) {
	play(t, push.Options{ReconnectsPerSecond: 1}, func(s *scene) {
		all := join(t, s.hub, 100, true)
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(10*time.Second, cancel)
		began := time.Now()
		s.hub.Drain(ctx)
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("took %v, want 10 s", took)
		}
		for _, l := range all {
			l.heard(t)
			l.goes()
		}
	})
}

func TestNobodyJoinsWhileDraining(t *testing.T) {
	play(t, push.Options{}, func(s *scene) {
		c := s.connect("ann", push.Subprotocol)
		c.next()
		go s.hub.Drain(context.Background())
		c.wantClosed(push.CloseRestart, `{"after_ms":0}`)
		synctest.Wait()
		if _, ok := s.hub.Join(t.Context(), &leaver{}); ok {
			t.Error("joined a hub that is closing")
		}
		if _, resp, err := s.tryConnect("ann", ""); err == nil || resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("got %v, want 503", resp)
		}
	})
}

func TestThoseAreSentAwayWhoMayNoLongerWatch(t *testing.T) {
	play(t, push.Options{}, func(s *scene) {
		ann, bob := s.connect("ann", ""), s.connect("bob", push.Subprotocol)
		ann.next()
		bob.next()
		s.hub.SendAway(context.Background())
		s.object("ann", push.Farewell{Code: push.ClosePoll})
		sending := sent(s.hub.SendAway)
		ann.wantClosed(push.ClosePoll, "")
		sending.Wait()
		s.up.set(`"still there"`)
		bob.want(document(`"still there"`))
		s.object("bob", push.Farewell{Code: push.CloseRestart})
		sending = sent(s.hub.SendAway)
		bob.wantClosed(push.CloseRestart, `{"after_ms":0}`)
		sending.Wait()
	})
}

func TestEverybodyCanBeSentAwayAndTheHubGoesOn(t *testing.T) {
	play(t, push.Options{}, func(s *scene) {
		for range 2 {
			c := s.connect("ann", "")
			c.next()
			sending := sent(s.hub.SendAllAway)
			c.wantClosed(push.ClosePoll, "")
			sending.Wait()
		}
	})
}

// The route falls when those who are here have been looked at, and before this
// one has joined them.
func TestWhoJoinsTooLateToBeSentAwayFindsOutByItself(t *testing.T) {
	for _, subprotocol := range []string{"", push.Subprotocol} {
		play(t, push.Options{}, func(s *scene) {
			s.object("ann", push.Farewell{Code: push.ClosePoll})
			s.connect("ann", subprotocol).wantClosed(push.ClosePoll, "")
		})
	}
	play(t, push.Options{}, func(s *scene) {
		s.object("ann", push.Farewell{Code: push.ClosePoll})
		e := s.events("ann")
		e.want(event{name: "end", data: `{"status":410,"reconnect":false}`})
		e.body.Close()
	})
}

func sent(away func(context.Context)) *sync.WaitGroup {
	var sending sync.WaitGroup
	sending.Go(func() { away(context.Background()) })
	return &sending
}

func TestSendingAwayIsSpreadUntilThereIsNoTime(t *testing.T) {
	play(t, push.Options{ReconnectsPerSecond: 10}, func(s *scene) {
		all := join(t, s.hub, 100, false)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		began := time.Now()
		s.hub.SendAllAway(ctx)
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %v, want 1 s", took)
		}
		early := 0
		for _, l := range all {
			if _, back := l.heard(t); back.Before(began.Add(time.Second)) {
				early++
			}
		}
		if early != 10 {
			t.Errorf("%d told before the time was up, want 10", early)
		}
	})
}

func TestOldConnectionsAreToldToComeBackAtDifferentTimes(t *testing.T) {
	play(t, push.Options{MaxAge: time.Hour}, func(s *scene) {
		began := time.Now()
		all := join(t, s.hub, 500, false)
		time.Sleep(2 * time.Hour)
		quarters := map[int]int{}
		for _, l := range all {
			why, back := l.heard(t)
			if why.Code != push.CloseRestart {
				t.Fatalf("told %v, want 1012", why)
			}
			quarters[int(back.Sub(began)/(15*time.Minute))]++
		}
		for quarter := 2; quarter < 6; quarter++ {
			if n := quarters[quarter]; n < 75 || n > 175 {
				t.Errorf("%d of 500 in quarter %d, want about 125", n, quarter)
			}
		}
	})
}

func TestCloseMayBeRepeated(t *testing.T) {
	play(t, push.Options{}, func(s *scene) {
		c := s.connect("ann", "")
		c.next()
		go s.hub.Close()
		c.wantClosed(push.CloseRestart, `{"after_ms":0}`)
		s.hub.Close()
		s.hub.Close()
	})
}

func TestTwoThousandConnectionsLeaveNothingBehind(t *testing.T) {
	play(t, push.Options{PerIdentity: 100, HandshakesPerSecond: 1e6}, func(s *scene) {
		s.connect("ann", "").Close()
		time.Sleep(time.Minute)
		synctest.Wait()
		before := goroutines()
		for round := range 20 {
			var all []*client
			for i := range 100 {
				all = append(all, s.connect(fmt.Sprint("user", i%10), []string{"", push.Subprotocol}[i%2]))
			}
			time.Sleep(interval) // until all have been greeted
			synctest.Wait()
			if got := s.counted("pollard_watchers", "scene", "websocket"); got != 100 {
				t.Errorf("round %d: %v watchers counted, want 100", round, got)
			}
			for i, c := range all {
				if i%3 == 0 {
					c.next()
				}
				c.Close()
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := goroutines(); got > before+2 {
			t.Errorf("%d goroutines, were %d", got, before)
		}
		if got := s.hub.Count(); got != 0 {
			t.Errorf("%d connections, want 0", got)
		}
		if got := s.counted("pollard_watchers", "scene", "websocket"); got != 0 {
			t.Errorf("%v watchers counted, want 0", got)
		}
	})
}
