package ladder

import (
	"context"
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
// and, where a route is on autopilot, up step by step. A route on autopilot that a
// person moves climbs on from there. The pilot needs neither a listener nor a disk,
// nor anything of a fleet.
type Pilot struct {
	// Set before Run, then read-only.
	Ladder *Ladder
	// Judge returns the verdicts on a route; ok is false where it is not judged.
	Judge func(route string, now time.Time) (verdicts []guard.Verdict, ok bool)
	// Climbs reports whether a route is on autopilot. It may change.
	Climbs func(route string) bool
	// Fell is told of each fall, and which guards have failed.
	Fell  func(route string, guards []string)
	Climb guard.Climb

	// Owned by Run.
	stood map[string]stand
}

// stand is where a route stands and since when, as the pilot has seen it: after a
// restart its guards begin anew, and so does its time on the step.
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

// act moves a route, if the verdicts say so.
func (p *Pilot) act(route string, verdicts []guard.Verdict, at stand, now time.Time) {
	if guards, said := failures(verdicts); len(guards) > 0 {
		// An error is logged by the ladder, or says that the route has just gone.
		if fell, _ := p.Ladder.StepDown(route, at.Position, said); fell {
			p.Fell(route, guards)
		}
		return
	}
	if !p.Climbs(route) {
		return
	}
	if next, why := p.Climb.Next(at.Percent, now.Sub(at.since), verdicts); next > at.Percent {
		_ = p.Ladder.climb(route, at.Position, next, why) // the same
	}
}

// failures returns the guards that have failed, and what they say.
func failures(verdicts []guard.Verdict) (guards []string, said string) {
	var texts []string
	for _, v := range verdicts {
		if v.Outcome == guard.Fail {
			guards, texts = append(guards, v.Guard), append(texts, v.Text)
		}
	}
	return guards, strings.Join(texts, "; ")
}

// climb raises the percentage of a route, unless it has moved meanwhile, has
// fallen or is to move: then a person says where it stands, or has.
func (l *Ladder) climb(route string, from Position, percent rollout.Percent, why string) error {
	return l.change(func(s *State) ([]Entry, error) {
		if _, planned := s.Plans[route]; planned || s.Moves[route].Fallen || s.InForce(route) != from {
			return nil, nil
		}
		return s.move(route, Move{Position: Position{from.Stage, percent}, Who: byAutopilot, Why: why}), nil
	})
}
