package ladder_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// A world is a ladder through random moves, falls, kills, reloads and restarts,
// beside what is to be true of it by the words of the contract.
type world struct {
	*process
	random *rand.Rand
	dir    string

	file   map[string]ladder.Position
	stands map[string]ladder.Position
	moved  map[string]ladder.Position // what the file said when the route was moved
	killed bool
}

func (w *world) position() ladder.Position {
	return ladder.Position{Stage: rollout.Stage(w.random.IntN(4)), Percent: rollout.Percent(w.random.IntN(3) * 50_000)}
}

func (w *world) route() string { return fmt.Sprint("route", w.random.IntN(3)) }

// step does one thing to both.
func (w *world) step() {
	route := w.route()
	switch w.random.IntN(8) {
	case 0:
		w.process = start(w.t, w.dir, w.file)
	case 1:
		w.file[route] = w.position()
		if before, ok := w.moved[route]; !ok || before != w.file[route] {
			w.stands[route] = w.file[route]
			delete(w.moved, route)
		}
		w.configure(w.file)
	case 2:
		try(w.t, w.Kill("alice", ""))
		w.killed = true
	case 3:
		try(w.t, w.Revive("alice", ""))
		w.killed = false
	case 4:
		p := w.stands[route]
		if p.Stage > rollout.Observe && !w.killed {
			w.stands[route], w.moved[route] = ladder.Position{Stage: p.Stage - 1, Percent: rollout.Everyone}, w.file[route]
		}
		_, err := w.StepDown(route, p, "errors")
		try(w.t, err)
	default:
		p := w.position()
		w.stands[route] = p
		w.moved[route] = w.file[route]
		w.move(route, p)
	}
}

// check compares what requests are decided by.
func (w *world) check(step int) {
	w.t.Helper()
	s := w.states[len(w.states)-1]
	for route, want := range w.stands {
		if got := s.Position(route); got != want {
			w.t.Fatalf("step %d: %s stands at %v, want %v", step, route, got, want)
		}
		if want := !w.killed; want != (s.InForce(route) == s.Position(route)) && s.Position(route).Stage > rollout.Off {
			w.t.Fatalf("step %d: %s is decided by %v while killed is %v", step, route, s.InForce(route), w.killed)
		}
	}
}

func TestWhateverHappensRoutesStandWhereTheyWerePut(t *testing.T) {
	for seed := range uint64(4) {
		w := &world{random: rand.New(rand.NewPCG(seed, 1)), dir: t.TempDir(), moved: map[string]ladder.Position{}}
		w.file = map[string]ladder.Position{"route0": coalesced, "route1": observed, "route2": pushed}
		w.stands = maps.Clone(w.file)
		w.process = start(t, w.dir, w.file)
		for step := range 60 {
			w.step()
			w.check(step)
		}
	}
}
