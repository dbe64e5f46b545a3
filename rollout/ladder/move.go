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
	entries = append(entries, killed...)
	next.sign(entries, l.instance)
	settled := next.settle(time.Now())
	if err = errors.Join(err, put(next)); err != nil {
		return false, err
	}
	l.put = put
	if !maps.Equal(routes, l.state.Configured) {
		l.since = time.Now()
	}
	l.replace(next, entries)
	return len(entries) > 0 || settled, nil
}

// dropMoves ends the moves, and the plans, that the configuration has overruled.
func (s *State) dropMoves() (entries []Entry) {
	for _, route := range slices.Sorted(maps.Keys(s.Moves)) {
		if m := s.Moves[route]; s.overrules(route, m) {
			entries = append(entries, s.drop(route, m.String()))
		}
	}
	for _, route := range slices.Sorted(maps.Keys(s.Plans)) {
		if p := s.Plans[route]; s.overrules(route, p.Move) {
			entries = append(entries, s.drop(route, p.String()))
		}
	}
	return stamped(entries...)
}

// overrules reports whether the configuration differs from what it was when a route
// was moved.
func (s *State) overrules(route string, m Move) bool {
	configured, ok := s.Configured[route]
	return !ok || configured != m.Configured
}

func (s *State) drop(route, from string) Entry {
	delete(s.Moves, route)
	delete(s.Plans, route)
	e := Entry{Who: byConfiguration, Route: route, From: from, To: "gone", Why: "the route is not configured any more"}
	if configured, ok := s.Configured[route]; ok {
		e.To, e.Why = configured.String(), "the configuration has changed"
	}
	return e
}

// Change is what somebody wants of a route.
type Change struct {
	Route   string
	Stage   *rollout.Stage   // nil leaves it
	Percent *rollout.Percent // nil leaves it
	At      time.Time        // when; a time that has passed, such as none, is now
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
		m := Move{Position: to, Who: c.Who, Why: c.Why}
		if c.At.After(time.Now()) {
			return s.plan(c.Route, Plan{At: c.At, Move: m}), nil
		}
		return s.move(c.Route, m), nil
	})
}

// carryOut makes the moves whose time has come.
func (l *Ladder) carryOut() {
	_ = l.change(func(s *State) ([]Entry, error) { return s.carryOut(time.Now()), nil }) // a failure to keep it is logged
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due.Reset(l.state.untilDue())
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

// move records where a route stands now, and not what was planned for later; it
// changes nothing where that is as before.
func (s *State) move(route string, m Move) []Entry {
	from := s.Position(route).String()
	if p, planned := s.Plans[route]; planned && m.String() == from {
		from = p.String()
	} else if m.Position == s.Position(route) && m.Fallen == s.Moves[route].Fallen {
		return nil
	}
	delete(s.Plans, route)
	if m.When.IsZero() {
		m.When = time.Now()
	}
	m.Configured = s.Configured[route]
	if m.Position == m.Configured && !m.Fallen {
		delete(s.Moves, route)
	} else {
		if s.Moves == nil {
			s.Moves = make(map[string]Move)
		}
		s.Moves[route] = m
	}
	return []Entry{{When: m.When, Who: m.Who, Route: route, From: from, To: m.String(), Why: m.Why}}
}
