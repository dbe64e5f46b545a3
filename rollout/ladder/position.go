package ladder

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

// Position is where a route stands.
type Position struct {
	Stage   rollout.Stage   `json:"stage"`
	Percent rollout.Percent `json:"percent"` // of the actors; the others stand one rung lower
}

// String is such as "push 25%".
func (p Position) String() string { return fmt.Sprintf("%v %v%%", p.Stage, p.Percent) }

// Move is what put a route elsewhere than the configuration has it.
type Move struct {
	Position
	Configured Position  `json:"configured"` // then; when the configuration says otherwise, the move is over
	Fallen     bool      `json:"fallen,omitempty"`
	When       time.Time `json:"when"`
	Who        string    `json:"who"`
	Why        string    `json:"why,omitempty"`
}

// Kill is the kill switch, thrown.
type Kill struct {
	When   time.Time `json:"when"`
	Who    string    `json:"who"`
	Why    string    `json:"why,omitempty"`
	ByFile bool      `json:"by_file,omitempty"` // the file alone is the cause: it ends with the file
}

// Standing is where a route stands in force, and since when without a break. A
// restart is none, a kill is one.
type Standing struct {
	Position
	Since time.Time `json:"since"`
}

// State is where all routes stand. It is read-only.
type State struct {
	Kill       *Kill               // nil unless all routes are killed
	Configured map[string]Position // every route, as the configuration has it
	Moves      map[string]Move     // those that stand elsewhere
	Plans      map[string]Plan     // those that will
	Standings  map[string]Standing // of every route
	KillStamp  Stamp               // of the last kill or revival
	Stamps     map[string]Stamp    // of the last word on each route
}

// Position returns where a route stands or, while all are killed, will stand once
// they are revived. A route that is not configured is off.
func (s *State) Position(route string) Position {
	if m, ok := s.Moves[route]; ok {
		return m.Position
	}
	return s.Configured[route]
}

// InForce returns the position that requests are decided by.
func (s *State) InForce(route string) Position {
	p := s.Position(route)
	if s.Kill != nil {
		p.Stage = rollout.Off
	}
	return p
}

// clone returns a state that may be changed.
func (s *State) clone() *State {
	next := *s
	next.Configured, next.Moves = maps.Clone(s.Configured), maps.Clone(s.Moves)
	next.Plans, next.Stamps = maps.Clone(s.Plans), maps.Clone(s.Stamps)
	return &next
}

// settle notes since when the routes stand where they now do, and reports whether
// any of them stood elsewhere.
func (s *State) settle(now time.Time) (changed bool) {
	settled := make(map[string]Standing, len(s.Configured))
	for route := range s.Configured {
		at := Standing{s.InForce(route), now}
		if before, ok := s.Standings[route]; ok && before.Position == at.Position {
			at.Since = before.Since
		} else {
			changed = true
		}
		settled[route] = at
	}
	s.Standings = settled
	return changed
}

// UnknownRoute is the error of a change to a route that there is not.
type UnknownRoute struct {
	Name  string
	Known []string // sorted
}

// Error lists the routes that there are.
func (e *UnknownRoute) Error() string {
	if len(e.Known) == 0 {
		return fmt.Sprintf("there is no route %q, nor any other", e.Name)
	}
	return fmt.Sprintf("there is no route %q; there are %s", e.Name, strings.Join(e.Known, ", "))
}

// known returns an [*UnknownRoute] unless a route is configured.
func (s *State) known(route string) error {
	if _, ok := s.Configured[route]; ok {
		return nil
	}
	return &UnknownRoute{Name: route, Known: slices.Sorted(maps.Keys(s.Configured))}
}
