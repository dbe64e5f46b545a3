package ladder

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Plan is a move that is to come.
type Plan struct {
	At time.Time `json:"at"`
	Move
}

// String is such as "push 25% at 2026-11-20T15:00:00Z".
func (p Plan) String() string {
	return fmt.Sprintf("%v at %s", p.Position, p.At.UTC().Format(time.RFC3339Nano))
}

// plan has a route moved at a time, unless it is moved, falls or is planned anew
// before: the last word holds.
func (s *State) plan(route string, p Plan) []Entry {
	from := s.Position(route).String()
	if before, planned := s.Plans[route]; planned {
		from = before.String()
	}
	p.When, p.Configured = time.Now(), s.Configured[route]
	if s.Plans == nil {
		s.Plans = make(map[string]Plan)
	}
	s.Plans[route] = p
	return []Entry{{When: p.When, Who: p.Who, Route: route, From: from, To: p.String(), Why: p.Why}}
}

// carryOut makes the moves whose time has come. Every instance does so by its own
// clock and says nothing of it: all know the plan.
func (s *State) carryOut(now time.Time) (entries []Entry) {
	for _, route := range slices.Sorted(maps.Keys(s.Plans)) {
		p := s.Plans[route]
		if p.At.After(now) {
			continue
		}
		p.When = p.At
		for _, e := range s.move(route, p.Move) {
			e.Instance = s.Stamps[route].Instance
			entries = append(entries, e)
		}
	}
	return entries
}

// longestWait is how long the clock of plans runs before it is set anew, by the
// time of day: over days a monotonic clock goes its own way.
const longestWait = time.Minute

// untilDue returns how long to wait before looking for plans to carry out.
func (s *State) untilDue() time.Duration {
	wait := longestWait
	for _, p := range s.Plans {
		wait = min(wait, time.Until(p.At))
	}
	return wait
}
