package ladder_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

var (
	coalesced = ladder.Position{Stage: rollout.Coalesce, Percent: rollout.Everyone}
	pushed    = ladder.Position{Stage: rollout.Push, Percent: 25_000}
	observed  = ladder.Position{Stage: rollout.Observe, Percent: rollout.Everyone}
)

// file is a configuration with two routes.
func file() map[string]ladder.Position {
	return map[string]ladder.Position{"one": coalesced, "two": observed}
}

// process is one life of a ladder.
type process struct {
	*ladder.Ladder
	t   *testing.T
	log bytes.Buffer

	mu     sync.Mutex
	states []*ladder.State // as they were put in force; guarded by mu
}

// start opens a ladder and configures it.
func start(t *testing.T, dir string, routes map[string]ladder.Position) *process {
	t.Helper()
	p := &process{t: t}
	p.Ladder = ladder.Open(ladder.Options{Dir: dir, Log: slog.New(slog.NewTextHandler(&p.log, nil))})
	p.configure(routes)
	return p
}

func (p *process) configure(routes map[string]ladder.Position) {
	p.t.Helper()
	err := p.Configure(routes, func(s *ladder.State) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.states = append(p.states, s)
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) move(route string, to ladder.Position) {
	p.t.Helper()
	if err := p.Move(ladder.Change{Route: route, Stage: &to.Stage, Percent: &to.Percent, Who: "alice", Why: "a test"}); err != nil {
		p.t.Fatal(err)
	}
}

// want compares what requests are decided by, as it was put in force last.
func (p *process) want(positions map[string]ladder.Position) {
	p.t.Helper()
	p.mu.Lock()
	last := p.states[len(p.states)-1]
	p.mu.Unlock()
	for route, want := range positions {
		if got := last.InForce(route); got != want {
			p.t.Errorf("%s stands at %v, want %v", route, got, want)
		}
	}
}

func (p *process) wantLog(lines ...string) {
	p.t.Helper()
	for _, line := range lines {
		if !strings.Contains(p.log.String(), line) {
			p.t.Errorf("got no %q in the log:\n%s", line, p.log.String())
		}
	}
}

func TestAMoveTakesEffectAndSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, file())
	p.move("one", pushed)
	p.want(map[string]ladder.Position{"one": pushed, "two": observed})
	again := start(t, dir, file())
	again.want(map[string]ladder.Position{"one": pushed, "two": observed})
	if m := again.State().Moves["one"]; m.Who != "alice" || m.Why != "a test" || m.When.IsZero() {
		t.Errorf("got %+v, want who moved it, why and when", m)
	}
}

func TestAMoveMayNameTheStageOrThePercentageAlone(t *testing.T) {
	p := start(t, t.TempDir(), file())
	stage, percent := rollout.Push, rollout.Percent(33_333)
	for _, c := range []ladder.Change{{Route: "one", Stage: &stage}, {Route: "one", Percent: &percent}} {
		if err := p.Move(c); err != nil {
			t.Fatal(err)
		}
	}
	p.want(map[string]ladder.Position{"one": {Stage: rollout.Push, Percent: 33_333}})
}

func TestAMoveHoldsUntilTheRoutesPositionChangesInTheFile(t *testing.T) {
	other := ladder.Position{Stage: rollout.Coalesce, Percent: 50_000}
	changes := map[string]struct {
		routes map[string]ladder.Position
		want   ladder.Position // of one
	}{
		"nothing":            {file(), pushed},
		"another route":      {map[string]ladder.Position{"one": coalesced, "two": pushed, "three": pushed}, pushed},
		"its percentage":     {map[string]ladder.Position{"one": other, "two": observed}, other},
		"its stage":          {map[string]ladder.Position{"one": observed, "two": observed}, observed},
		"to where it stands": {map[string]ladder.Position{"one": pushed, "two": observed}, pushed},
	}
	for name, change := range changes {
		for _, restarts := range []bool{false, true} {
			dir := t.TempDir()
			p := start(t, dir, file())
			p.move("one", pushed)
			if restarts {
				p = start(t, dir, change.routes)
			} else {
				p.configure(change.routes)
			}
			p.want(map[string]ladder.Position{"one": change.want})
			p.configure(file())
			want := coalesced
			if name == "nothing" || name == "another route" {
				want = pushed
			}
			if got := p.State().Position("one"); got != want {
				t.Errorf("%s, restarts %v, and back: got %v, want %v", name, restarts, got, want)
			}
		}
	}
}

func TestARouteThatWasGoneStandsAsConfigured(t *testing.T) {
	p := start(t, t.TempDir(), file())
	p.move("one", pushed)
	p.configure(map[string]ladder.Position{"two": observed})
	p.configure(file())
	p.want(map[string]ladder.Position{"one": coalesced})
}

func TestARefusedConfigurationChangesNothing(t *testing.T) {
	p := start(t, t.TempDir(), file())
	p.move("one", pushed)
	before := p.State()
	refusal := errors.New("no such pattern")
	err := p.Configure(map[string]ladder.Position{"one": observed}, func(*ladder.State) error { return refusal })
	if !errors.Is(err, refusal) || p.State() != before {
		t.Errorf("got %v and %+v, want the refusal and the state before", err, p.State())
	}
	p.move("one", coalesced) // by what was in force
	p.want(map[string]ladder.Position{"one": coalesced})
}

func TestAnUnknownRouteIsRefusedWithTheKnownOnes(t *testing.T) {
	p := start(t, t.TempDir(), file())
	err := p.Move(ladder.Change{Route: "oen"})
	if unknown := (*ladder.UnknownRoute)(nil); !errors.As(err, &unknown) || !slices.Equal(unknown.Known, []string{"one", "two"}) {
		t.Errorf("got %v, want the known routes", err)
	}
	if _, err := p.StepDown("oen", coalesced, "?"); !errors.As(err, new(*ladder.UnknownRoute)) {
		t.Errorf("got %v, want an unknown route", err)
	}
}

func TestARouteThatFellStaysDownUntilAPersonMovesIt(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, map[string]ladder.Position{"one": pushed})
	for _, want := range []ladder.Position{coalesced, observed, observed} {
		if _, err := p.StepDown("one", p.State().Position("one"), "errors: treated 4.2 %"); err != nil {
			t.Fatal(err)
		}
		p.want(map[string]ladder.Position{"one": want})
	}
	again := start(t, dir, map[string]ladder.Position{"one": pushed})
	again.want(map[string]ladder.Position{"one": observed})
	if m := again.State().Moves["one"]; !m.Fallen || m.Who != "guard" {
		t.Errorf("got %+v, want that it has fallen", m)
	}
	again.move("one", pushed)
	if m, moved := again.State().Moves["one"]; moved {
		t.Errorf("got %+v, want it to stand as configured", m)
	}
}

func TestWhoKeepsAFallenRouteWhereItIsAnswersForIt(t *testing.T) {
	p := start(t, t.TempDir(), map[string]ladder.Position{"one": pushed})
	if _, err := p.StepDown("one", pushed, "latency"); err != nil {
		t.Fatal(err)
	}
	p.move("one", coalesced)
	if m := p.State().Moves["one"]; m.Fallen || m.Who != "alice" {
		t.Errorf("got %+v, want that alice put it there", m)
	}
}

func TestNoChangeIsLost(t *testing.T) {
	const movers, moves = 8, 10
	dir := t.TempDir()
	routes := map[string]ladder.Position{}
	for i := range movers {
		routes[fmt.Sprint("route", i)] = observed
	}
	p := start(t, dir, routes)
	var group sync.WaitGroup
	for i := range movers {
		group.Go(func() {
			for n := range moves {
				percent := rollout.Percent(n + 1)
				if err := p.Move(ladder.Change{Route: fmt.Sprint("route", i), Percent: &percent, Who: "alice"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	want := ladder.Position{Stage: rollout.Observe, Percent: moves}
	for _, q := range []*process{p, start(t, dir, routes)} {
		for route := range routes {
			q.want(map[string]ladder.Position{route: want})
			if got := len(q.Log(route, 1000)); got != moves {
				t.Errorf("%s: got %d entries, want %d", route, got, moves)
			}
		}
	}
	if got := len(p.states); got != movers*moves+1 {
		t.Errorf("got %d states, want one for each change", got)
	}
}

func TestAfterTheEndNothingIsPutInForce(t *testing.T) {
	p := start(t, t.TempDir(), file())
	p.Close()
	before := len(p.states)
	_, err := p.StepDown("one", coalesced, "")
	refused := []error{
		p.Kill("alice", ""), err,
		p.Configure(file(), func(s *ladder.State) error { p.states = append(p.states, s); return nil }),
	}
	if slices.Contains(refused, nil) || len(p.states) != before || p.State().Kill != nil {
		t.Errorf("got %v, and %d more states in force; want errors and none", refused, len(p.states)-before)
	}
}

func TestWithoutAFolderAChangeHoldsUntilTheEnd(t *testing.T) {
	p := start(t, "", file())
	stage := rollout.Push
	err := p.Move(ladder.Change{Route: "one", Stage: &stage})
	if !errors.As(err, new(*ladder.NotKept)) || !errors.Is(err, ladder.ErrNoFolder) {
		t.Errorf("got %v, want that it is not kept", err)
	}
	p.want(map[string]ladder.Position{"one": {Stage: rollout.Push, Percent: rollout.Everyone}})
}

func TestAFolderThatCannotBeWrittenIsSaidAndChangesTakeEffect(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // root writes to any folder, but not to a file's inside
		t.Fatal(err)
	}
	p := start(t, dir, file())
	p.wantLog("will not survive a restart", dir)
	if err := p.Kill("alice", ""); !errors.As(err, new(*ladder.NotKept)) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want that it is not kept, and where", err)
	}
	p.want(map[string]ladder.Position{"one": {Stage: rollout.Off, Percent: rollout.Everyone}})
	p.wantLog("in force, but not kept")
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p.move("one", pushed)
	again := start(t, dir, file())
	if again.State().Kill == nil || len(again.Log("", 10)) != 2 {
		t.Errorf("got %+v, %v; want all that happened to be kept with the first change that can be", again.State(), again.Log("", 10))
	}
}
