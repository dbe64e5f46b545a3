package ladder

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/guard"
)

// byAutopilot is who climbs by itself, in the audit log.
const byAutopilot = "autopilot"

// judgeEvery is how often the guards are asked.
const judgeEvery = time.Second

// A Pilot moves routes by what the guards say: down at once, whoever put them up,
// and, where a route is on autopilot, up step by step. It needs neither a
// listener nor a disk, nor anything of a fleet.
type Pilot struct {
	// Set before Run, then read-only.
	Ladder *Ladder
	// Judge returns the verdicts on a route; ok is false where it is not judged.
	Judge func(route string, now time.Time) (verdicts []guard.Verdict, ok bool)
	// Climbs reports whether a route is on autopilot. It may change.
	Climbs func(route string) bool
	Climb  guard.Climb

	// Owned by Run.
	stood map[string]stand
}

// stand is where a route stands and since when, as the pilot has seen it.
type stand struct {
	Position
	since time.Time
}

// Run judges once a second until the context ends.
func (p *Pilot) Run(ctx context.Context) {
	tick := time.NewTicker(judgeEvery)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			p.judge(now)
		case <-ctx.Done():
			return
		}
	}
}

// judge looks at every route once.
func (p *Pilot) judge(now time.Time) {
	state := p.Ladder.State()
	stood := make(map[string]stand, len(state.Configured))
	for route := range state.Configured {
		at := stand{state.InForce(route), now}
		if before, ok := p.stood[route]; ok && before.Position == at.Position {
			at.since = before.since
		}
		stood[route] = at
		if verdicts, ok := p.Judge(route, now); ok {
			p.act(route, verdicts, at, now)
		}
	}
	p.stood = stood
}

// act moves a route, if the verdicts say so. A failure to keep that is logged by
// the ladder, and a route that has just gone needs nothing.
func (p *Pilot) act(route string, verdicts []guard.Verdict, at stand, now time.Time) {
	if failed := failures(verdicts); failed != "" {
		p.Ladder.StepDown(route, failed)
		return
	}
	if !p.Climbs(route) {
		return
	}
	if next, why := p.Climb.Next(at.Percent, now.Sub(at.since), verdicts); next > at.Percent {
		p.Ladder.climb(route, at.Position, next, why)
	}
}

// failures is what the guards say that have failed, "" if none has.
func failures(verdicts []guard.Verdict) string {
	var said []string
	for _, v := range verdicts {
		if v.Outcome == guard.Fail {
			said = append(said, v.Text)
		}
	}
	return strings.Join(said, "; ")
}

// climb raises the percentage of a route, unless somebody has moved it meanwhile:
// a person's word and a fall hold.
func (l *Ladder) climb(route string, from Position, percent rollout.Percent, why string) error {
	return l.change(func(s *State) ([]Entry, error) {
		if s.Kill != nil || s.Moves[route].Fallen || s.Position(route) != from {
			return nil, nil
		}
		return s.move(route, Move{Position: Position{from.Stage, percent}, Who: byAutopilot, Why: why}), nil
	})
}

// Fallen returns the routes that a guard has stepped down and nobody has moved
// since, sorted.
func (s *State) Fallen() []string {
	var fallen []string
	for route, m := range s.Moves {
		if m.Fallen {
			fallen = append(fallen, route)
		}
	}
	slices.Sort(fallen)
	return fallen
}
