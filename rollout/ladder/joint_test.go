package ladder_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// instance starts a ladder with a name and without a disk.
func instance(t *testing.T, name string, routes map[string]ladder.Position) *process {
	t.Helper()
	p := &process{t: t}
	p.Ladder = ladder.Open(ladder.Options{Instance: name, Log: slog.New(slog.NewTextHandler(&p.log, nil))})
	p.configure(routes)
	return p
}

// moveTo is move where nothing is kept.
func (p *process) moveTo(route string, to ladder.Position, at time.Time) {
	_ = p.Move(ladder.Change{Route: route, Stage: &to.Stage, Percent: &to.Percent, At: at, Who: "alice"})
}

// meet has instances meet one after the other, as those do that read and write one
// key.
func meet(t *testing.T, fleet ladder.Joint, instances ...*process) ladder.Joint {
	t.Helper()
	for _, p := range instances {
		both, more, err := p.Meet(fleet)
		try(t, err)
		if more {
			_, again, err := p.Meet(both)
			try(t, err)
			if again {
				t.Error("got more to say right after everything was said")
			}
		}
		fleet = both
	}
	return fleet
}

func TestInstancesThatHaveMetAgree(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 0))
		synctest.Test(t, func(t *testing.T) {
			var instances []*process
			for i := range 3 {
				instances = append(instances, instance(t, fmt.Sprint(i), file()))
			}
			var fleet ladder.Joint
			for range 30 {
				p := instances[random.IntN(3)]
				time.Sleep(time.Duration(random.IntN(2)) * time.Second)
				act(t, p, random)
				if random.IntN(3) == 0 {
					fleet = meet(t, fleet, instances[random.IntN(3)])
				}
				if random.IntN(20) == 0 {
					fleet = ladder.Joint{} // what is kept is lost
				}
			}
			fleet = meet(t, fleet, instances...)
			fleet = meet(t, fleet, instances...)
			for _, p := range instances[1:] {
				if got, want := told(p), told(instances[0]); got != want {
					t.Errorf("seed %d: got %s, want %s as on the first", seed, got, want)
				}
			}
		})
	}
}

// watch has an instance heed its plans and its kill file, until it is stopped.
func watch(p *process) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { p.Watch(ctx) })
	return func() {
		cancel()
		watching.Wait()
	}
}

// act has an instance do something.
func act(t *testing.T, p *process, random *rand.Rand) {
	t.Helper()
	switch random.IntN(6) {
	case 0:
		_ = p.Kill("alice", "")
	case 1:
		_ = p.Revive("alice", "")
	case 2:
		_, _ = p.StepDown("one", p.State().InForce("one"), "it was slow")
	default:
		p.moveTo("one", ladder.Position{Stage: rollout.Stage(random.IntN(4)), Percent: rollout.Percent(random.IntN(100_000))}, time.Time{})
	}
}

func told(p *process) string {
	s := p.State()
	return fmt.Sprintf("%v, killed: %v, fallen: %v", s.Position("one"), s.Kill != nil, s.Moves["one"].Fallen)
}

func TestAFallHoldsAgainstAMoveThatDidNotKnowOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := instance(t, "a", file()), instance(t, "b", file())
		fell, _ := a.StepDown("one", coalesced, "it was slow")
		time.Sleep(time.Second)
		b.moveTo("one", pushed, time.Time{})
		meet(t, meet(t, ladder.Joint{}, a, b), a, b)
		for _, p := range []*process{a, b} {
			if got := p.State(); !fell || !got.Moves["one"].Fallen || got.InForce("one") != observed {
				t.Errorf("got %v, want that it fell to %v", got.Moves["one"], observed)
			}
		}
	})
}

func TestAKillThatNobodyKnewOfCannotHaveBeenRevived(t *testing.T) {
	a, b := instance(t, "a", file()), instance(t, "b", file())
	_ = a.Kill("alice", "it burns")
	for range 3 {
		_ = b.Kill("bob", "")
		_ = b.Revive("bob", "")
	}
	fleet := meet(t, ladder.Joint{}, b, a, b)
	a.want(off())
	b.want(off())
	_ = b.Revive("bob", "") // knowing of it
	meet(t, fleet, b, a)
	a.want(file())
}

func TestAKillThatMeetsAnotherIsNotRevivedByWhoKnewTheOtherAlone(t *testing.T) {
	for _, words := range []int{1, 3, 5} { // of bob, who hears nothing between them; the last revives
		a, b := instance(t, "a", file()), instance(t, "b", file())
		_ = a.Kill("alice", "it burns")
		for range 3 {
			_ = b.Kill("bob", "")
			_ = b.Revive("bob", "")
		}
		_ = b.Kill("bob", "")
		fleet := meet(t, ladder.Joint{}, b, a)
		_ = b.Revive("bob", "")
		for range words / 2 {
			_ = b.Kill("bob", "")
			_ = b.Revive("bob", "")
		}
		fleet = meet(t, fleet, b, a, b)
		a.want(off())
		b.want(off())
		_ = b.Revive("bob", "") // knowing of it
		meet(t, fleet, b, a)
		a.want(file())
	}
}

func TestAMoveOfAnotherConfigurationIsOverUnlessItIsNewer(t *testing.T) {
	changed := map[string]ladder.Position{"one": observed, "two": observed}
	tests := []struct {
		name  string
		moved time.Duration // after the one with the new configuration has started
		want  ladder.Position
	}{
		{"before the deployment", -time.Minute, observed},
		{"in the middle of it", time.Minute, pushed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				old := instance(t, "old", file())
				var fresh *process
				time.Sleep(time.Hour)
				if test.moved > 0 {
					fresh = instance(t, "fresh", changed)
					time.Sleep(test.moved)
				}
				old.moveTo("one", pushed, time.Time{})
				if fresh == nil {
					time.Sleep(-test.moved)
					fresh = instance(t, "fresh", changed)
				}
				fleet := meet(t, ladder.Joint{}, old, fresh, old)
				fresh.want(map[string]ladder.Position{"one": test.want})
				old.configure(changed) // the deployment goes on
				meet(t, fleet, old, fresh)
				if got, want := told(old), told(fresh); got != want {
					t.Errorf("got %s and %s, want the same once all have the configuration", got, want)
				}
			})
		})
	}
}

func TestAMoveIsForAllInstancesAtTheSameMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := instance(t, "a", file()), instance(t, "b", file())
		for _, p := range []*process{a, b} {
			stop := watch(p)
			defer stop()
		}
		at := time.Now().Add(90 * time.Minute)
		a.moveTo("one", pushed, at)
		meet(t, ladder.Joint{}, a, b)
		b.want(file())
		time.Sleep(time.Until(at) - time.Millisecond)
		synctest.Wait()
		a.want(file())
		b.want(file())
		time.Sleep(time.Millisecond)
		synctest.Wait()
		a.want(map[string]ladder.Position{"one": pushed})
		b.want(map[string]ladder.Position{"one": pushed})
		if log := b.Log("one", 1)[0]; log.Instance != "a" || !log.When.Equal(at) {
			t.Errorf("got %+v, want the instance that was told, and when it took effect", log)
		}
		late := instance(t, "late", file())
		meet(t, meet(t, ladder.Joint{}, a), late)
		late.want(map[string]ladder.Position{"one": pushed})
	})
}

func TestTheLastWordEndsAPlan(t *testing.T) {
	words := map[string]func(p *process){
		"a move":                   func(p *process) { p.moveTo("one", observed, time.Time{}) },
		"a move to where it is":    func(p *process) { p.moveTo("one", coalesced, time.Time{}) },
		"another plan":             func(p *process) { p.moveTo("one", observed, time.Now().Add(5*time.Minute)) },
		"a fall":                   func(p *process) { _, _ = p.StepDown("one", coalesced, "it was slow") },
		"a new configuration":      func(p *process) { p.configure(map[string]ladder.Position{"one": observed, "two": observed}) },
		"that the route goes away": func(p *process) { p.configure(map[string]ladder.Position{"two": observed}) },
	}
	for name, say := range words {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := instance(t, "a", file())
				stop := watch(p)
				defer stop()
				p.moveTo("one", pushed, time.Now().Add(10*time.Minute))
				if len(p.State().Plans) != 1 {
					t.Fatalf("got %v, want a plan", p.State().Plans)
				}
				say(p)
				time.Sleep(time.Hour)
				synctest.Wait()
				if got := p.State(); got.Position("one") == pushed || len(got.Plans) > 0 {
					t.Errorf("got %v with plans %v, want that it was not carried out", got.Position("one"), got.Plans)
				}
			})
		})
	}
}

func TestAPlanSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		start(t, dir, file()).moveTo("one", pushed, time.Now().Add(10*time.Minute))
		again := start(t, dir, file())
		stop := watch(again)
		defer stop()
		again.want(file())
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		again.want(map[string]ladder.Position{"one": pushed})
	})
}

func TestAKillFileKillsTheFleet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, routes := t.TempDir(), file()
		a, b := start(t, dir, routes), start(t, t.TempDir(), routes)
		for _, p := range []*process{a, b} {
			stop := watch(p)
			defer stop()
		}
		file := filepath.Join(dir, "kill")
		try(t, os.WriteFile(file, nil, 0o600))
		time.Sleep(time.Second)
		fleet := meet(t, ladder.Joint{}, a, b)
		time.Sleep(time.Second) // b has no such file, and is killed all the same
		b.want(off())
		try(t, os.Remove(file))
		time.Sleep(time.Second)
		meet(t, fleet, a, b)
		b.want(routes)
	})
}

func TestAJointIsReadAsItWasWritten(t *testing.T) {
	a := instance(t, "a", file())
	a.moveTo("one", pushed, time.Time{})
	a.moveTo("two", pushed, time.Now().Add(time.Hour))
	_ = a.Kill("alice", "it burns")
	joint := meet(t, ladder.Joint{}, a)
	data, err := joint.Bytes()
	try(t, err)
	read, err := ladder.ParseJoint(data)
	try(t, err)
	again, err := read.Bytes()
	try(t, err)
	if !reflect.DeepEqual(data, again) || !strings.Contains(string(data), "it burns") {
		t.Errorf("got %s, want %s", again, data)
	}
}

func TestWhatIsNoJointIsRefused(t *testing.T) {
	for _, text := range []string{``, `[]`, `{}`, `{"format":2}`, `{"format":1,"kill":{"version":9007199254740993}}`, `{"format":1,"routes":{"one":{"version":-1}}}`, `{"format":1,"routes":{"one":{"version":9999999999999999}}}`} {
		if j, err := ladder.ParseJoint([]byte(text)); err == nil {
			t.Errorf("%s: got %+v, want an error", text, j)
		}
	}
}

func FuzzParseJoint(f *testing.F) {
	f.Add([]byte(`{"format":1,"kill":{"version":1,"said":"2026-01-01T00:00:00Z","instance":"a","who":"x"},"routes":{"one":{"version":2,"move":{"stage":"push","percent":25}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		j, err := ladder.ParseJoint(data)
		if err != nil {
			return
		}
		p := instance(t, "a", file())
		both, _, err := p.Meet(j)
		try(t, err)
		if _, again, err := p.Meet(both); again || err != nil {
			t.Errorf("got more to say, or %v, of what was just said", err)
		}
	})
}
