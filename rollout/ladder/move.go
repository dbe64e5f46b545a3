package ladder

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

// Who changes things by themselves, in the audit log.
const (
	byConfiguration = "configuration"
	byGuard         = "guard"
	byFile          = "kill file"
)

// Configure takes over what the configuration says, on the start and on each
// reload. put puts a state in force: the one now, and every later one, one after
// the other, until the next Configure. If put fails nothing changes.
//
// A route whose position in the configuration is not what it was when it was
// moved stands as configured again, and so does one that was gone from it.
func (l *Ladder) Configure(routes map[string]Position, put func(*State) error) error {
	changed, err := l.configure(routes, put, l.heedFile())
	if changed && l.folder != "" {
		_ = l.keep() // a failure is logged; what the configuration says is kept by the configuration
	}
	return err
}

func (l *Ladder) configure(routes map[string]Position, put func(*State) error, heedFile edit) (changed bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false, errClosed
	}
	next := l.state.clone()
	next.Configured = maps.Clone(routes)
	entries := next.dropMoves()
	killed, err := heedFile(next)
	settled := next.settle(time.Now())
	if err = errors.Join(err, put(next)); err != nil {
		return false, err
	}
	l.put = put
	entries = append(entries, killed...)
	l.replace(next, entries)
	return len(entries) > 0 || settled, nil
}

// dropMoves ends the moves that the configuration has overruled.
func (s *State) dropMoves() (entries []Entry) {
	for _, route := range slices.Sorted(maps.Keys(s.Moves)) {
		m := s.Moves[route]
		configured, ok := s.Configured[route]
		switch {
		case !ok:
			entries = append(entries, Entry{Who: byConfiguration, Route: route, From: m.String(), To: "gone", Why: "the route is not configured any more"})
		case configured != m.Configured:
			entries = append(entries, Entry{Who: byConfiguration, Route: route, From: m.String(), To: configured.String(), Why: "the configuration has changed"})
		default:
			continue
		}
		delete(s.Moves, route)
	}
	return stamped(entries...)
}

// Change is what somebody wants of a route.
type Change struct {
	Route   string
	Stage   *rollout.Stage   // nil leaves it
	Percent *rollout.Percent // nil leaves it
	Who     string
	Why     string
}

// Move has a route stand elsewhere, until its position in the configuration
// changes. A route that had fallen stands by a person's word again. While all
// are killed it takes effect with the revival. The error is [*UnknownRoute] or
// [*NotKept].
func (l *Ladder) Move(c Change) error {
	return l.change(func(s *State) ([]Entry, error) {
		if err := s.known(c.Route); err != nil {
			return nil, err
		}
		to := s.Position(c.Route)
		if c.Stage != nil {
			to.Stage = *c.Stage
		}
		if c.Percent != nil {
			to.Percent = *c.Percent
		}
		return s.move(c.Route, Move{Position: to, Who: c.Who, Why: c.Why}), nil
	})
}

// StepDown has a route that stands at from stand one rung lower, with all of its
// actors, because of what a guard found. There it stays until a person moves it. It
// does not fall if it stands elsewhere by now, which is not what was judged, or while
// all are killed; and from observe and below there is nowhere to fall to. The error
// is [*UnknownRoute] or [*NotKept].
func (l *Ladder) StepDown(route string, from Position, why string) (fell bool, err error) {
	err = l.change(func(s *State) ([]Entry, error) {
		if err := s.known(route); err != nil {
			return nil, err
		}
		if s.InForce(route) != from || from.Stage <= rollout.Observe {
			return nil, nil
		}
		fell = true
		to := Position{from.Stage.Lower(), rollout.Everyone}
		return s.move(route, Move{Position: to, Fallen: true, Who: byGuard, Why: why}), nil
	})
	return fell, err
}

// move records where a route stands now; it changes nothing where that is as
// before.
func (s *State) move(route string, m Move) []Entry {
	from := s.Position(route)
	if m.Position == from && m.Fallen == s.Moves[route].Fallen {
		return nil
	}
	m.When, m.Configured = time.Now(), s.Configured[route]
	if m.Position == m.Configured && !m.Fallen {
		delete(s.Moves, route)
	} else {
		if s.Moves == nil {
			s.Moves = make(map[string]Move)
		}
		s.Moves[route] = m
	}
	return []Entry{{When: m.When, Who: m.Who, Route: route, From: from.String(), To: m.String(), Why: m.Why}}
}
