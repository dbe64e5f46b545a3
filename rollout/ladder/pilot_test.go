package ladder_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/guard"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// A cockpit is a pilot at work on the route "one", whose guards say what they are
// told to.
type cockpit struct {
	*process

	mu     sync.Mutex
	says   guard.Outcome // guarded by mu, as all that follows
	since  time.Time     // when they began to
	stands ladder.Position
	climbs bool
	falls  []string
}

// fly runs a script beside a pilot, in a bubble of its own time.
func fly(t *testing.T, at ladder.Position, script func(*cockpit)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		c := &cockpit{process: start(t, dir, map[string]ladder.Position{"one": at})}
		p := &ladder.Pilot{Ladder: c.Ladder, Judge: c.judge, Climbs: c.onAutopilot, Fell: c.fell}
		ctx, cancel := context.WithCancel(t.Context())
		var work sync.WaitGroup
		work.Go(func() { p.Run(ctx) })
		script(c)
		cancel()
		work.Wait()
	})
}

// judge is as the proxy does: nobody is judged at observe and below, nor while all
// are killed, and who stands elsewhere is judged anew.
func (c *cockpit) judge(route string, now time.Time) ([]guard.Verdict, bool) {
	at := c.State().InForce(route)
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.Stage < rollout.Coalesce {
		return nil, false
	}
	if c.stands != at {
		c.stands, c.since = at, now
	}
	return []guard.Verdict{
		{Guard: guard.Errors, Outcome: c.says, Stood: now.Sub(c.since), Text: "errors: treated 4.2 %"},
		{Guard: guard.Latency, Outcome: guard.Pass, Stood: now.Sub(c.since), Text: "latency: as before"},
	}, true
}

func (c *cockpit) onAutopilot(string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.climbs
}

func (c *cockpit) fell(route string, guards []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.falls = append(c.falls, route+" "+guards[0])
}

// say has the errors guard say something from now on, and lets time pass.
func (c *cockpit) say(o guard.Outcome, autopilot bool, pass time.Duration) {
	c.mu.Lock()
	c.says, c.climbs, c.stands = o, autopilot, ladder.Position{}
	c.mu.Unlock()
	time.Sleep(pass)
	synctest.Wait()
}

func (c *cockpit) wantAt(want ladder.Position) {
	c.t.Helper()
	c.want(map[string]ladder.Position{"one": want})
}

func TestAFaultStepsARouteDownWhoeverPutItThere(t *testing.T) {
	quarter := ladder.Position{Stage: rollout.Push, Percent: 25_000}
	for name, before := range map[string]func(*cockpit){
		"as configured":    func(*cockpit) {},
		"moved by hand":    func(c *cockpit) { c.move("one", ladder.Position{Stage: rollout.Push, Percent: 1000}) },
		"during a climb":   func(c *cockpit) { c.say(guard.Pass, true, 11*time.Minute) },
		"climb is paused":  func(c *cockpit) { c.say(guard.Pass, true, 11*time.Minute); c.say(guard.Hold, false, time.Hour) },
		"after a revival":  func(c *cockpit) { try(c.t, c.Kill("alice", "")); try(c.t, c.Revive("alice", "")) },
		"holding for long": func(c *cockpit) { c.say(guard.Hold, true, 100*time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			fly(t, quarter, func(c *cockpit) {
				before(c)
				c.say(guard.Fail, true, 1500*time.Millisecond)
				c.wantAt(coalesced)
				e := c.Log("one", 1)[0]
				if e.Who != "guard" || e.Why != "errors: treated 4.2 %" || e.To != "coalesce 100%" {
					t.Errorf("the audit log has %+v, want the guard and its figures", e)
				}
				if want := []string{"one errors"}; !slices.Equal(c.falls, want) {
					t.Errorf("falls are %q, want %q", c.falls, want)
				}
			})
		})
	}
}

func TestWhoeverIsKilledFallsNoFurther(t *testing.T) {
	fly(t, pushed, func(c *cockpit) {
		try(t, c.Kill("alice", "look"))
		c.say(guard.Fail, true, time.Hour)
		if got := c.State().Position("one"); got != pushed || len(c.falls) > 0 {
			t.Errorf("the route will stand at %v after %d falls, want %v after none", got, len(c.falls), pushed)
		}
	})
}

func TestTwoFaultsInARowFallTwoRungsAndNoFurther(t *testing.T) {
	fly(t, pushed, func(c *cockpit) {
		c.say(guard.Fail, false, time.Minute)
		c.wantAt(observed)
		if got := len(c.Log("one", 10)); got != 2 {
			t.Errorf("got %d entries in the audit log, want 2", got)
		}
	})
}

func TestAVerdictOnWhereARouteStoodBeforeMovesNothing(t *testing.T) {
	p := start(t, t.TempDir(), map[string]ladder.Position{"one": pushed})
	p.move("one", ladder.Position{Stage: rollout.Push, Percent: 1000})
	fell, err := p.StepDown("one", pushed, "errors")
	if fell || err != nil {
		t.Errorf("got %v, %v; want that nothing fell: it was judged at %v", fell, err, pushed)
	}
}

func TestTheAutopilotClimbsStepByStepWhileAllPass(t *testing.T) {
	one := ladder.Position{Stage: rollout.Coalesce, Percent: 1000}
	fly(t, one, func(c *cockpit) {
		c.say(guard.Pass, true, time.Minute)
		c.wantAt(one) // ten minutes have not passed
		time.Sleep(time.Hour)
		synctest.Wait()
		var steps []string
		for _, e := range c.Log("one", 10) {
			steps = append(steps, e.Who+" "+e.To)
		}
		want := []string{"autopilot coalesce 100%", "autopilot coalesce 50%", "autopilot coalesce 25%", "autopilot coalesce 5%"}
		if !slices.Equal(steps, want) {
			t.Errorf("got %q, want %q", steps, want)
		}
	})
}

func TestTheAutopilotNeverLiftsWhatHasFallen(t *testing.T) {
	fly(t, pushed, func(c *cockpit) {
		c.say(guard.Fail, true, 1500*time.Millisecond)
		c.say(guard.Pass, true, 24*time.Hour)
		c.wantAt(coalesced)
		five := ladder.Position{Stage: rollout.Coalesce, Percent: 5000}
		c.move("one", five) // a person's word
		c.say(guard.Pass, true, 5*time.Minute)
		c.wantAt(five)
		c.say(guard.Pass, true, 6*time.Minute)
		c.wantAt(ladder.Position{Stage: rollout.Coalesce, Percent: 25_000}) // from where it was put
	})
}

func TestAFallWaitsForNoDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	p := start(t, dir, map[string]ladder.Position{"one": pushed})
	try(t, os.RemoveAll(dir))
	fell, err := p.StepDown("one", pushed, "errors")
	if !fell {
		t.Errorf("got %v, want it to fall", err)
	}
	p.want(map[string]ladder.Position{"one": coalesced})
	p.wantLog("in force, but not kept")
}

func TestSinceWhenARouteStandsSurvivesARestartAndEndsWithAKill(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		start(t, dir, file())
		time.Sleep(40 * 24 * time.Hour)
		p := start(t, dir, file())
		if got := p.State().Standings["one"]; got.Position != coalesced || !got.Since.Equal(began) {
			t.Errorf("got %+v, want %v since %v", got, coalesced, began)
		}
		time.Sleep(time.Hour)
		moved := time.Now()
		p.move("one", pushed)
		time.Sleep(time.Hour)
		want := map[string]time.Time{"one": moved, "two": began}
		sinces := func() map[string]time.Time {
			all := map[string]time.Time{}
			for route, s := range p.State().Standings {
				all[route] = s.Since
			}
			return all
		}
		if got := sinces(); !maps.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("got %v, want %v", got, want)
		}
		try(t, p.Kill("alice", ""))
		time.Sleep(time.Hour)
		revived := time.Now()
		try(t, p.Revive("alice", ""))
		if got := sinces()["one"]; !got.Equal(revived) {
			t.Errorf("stands since %v, want since the revival at %v", got, revived)
		}
	})
}
