package main

import (
	"time"

	"github.com/pollard-proxy/pollard/config"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/guard"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// newPilot returns what moves the routes of an instance by what the guards say.
func newPilot(in *instance) *ladder.Pilot {
	return &ladder.Pilot{
		Ladder: in.ladder,
		Judge: func(route string, now time.Time) ([]guard.Verdict, bool) {
			j, ok := in.proxy.Judge(route, now)
			return j.Verdicts, ok
		},
		Fell: func(route string, guards []string) {
			for _, guard := range guards {
				in.ledger.Fell(route, guard)
			}
		},
		Climbs: func(route string) bool { return in.autopilot.Load().has(route) },
	}
}

// onAutopilot is the routes that climb by themselves.
type onAutopilot map[string]bool

func (a *onAutopilot) has(route string) bool { return a != nil && (*a)[route] }

func autopilot(c *config.Config) *onAutopilot {
	routes := onAutopilot{}
	for _, r := range c.Routes {
		routes[r.Name] = r.Autopilot
	}
	return &routes
}

// checkOnTrial is the share of what is served that is checked with upstream while a
// route is on trial.
const checkOnTrial rollout.Percent = 100

// check returns the share of a route's answers that is checked. Where the file does
// not say, it is that of a trial while some actors stand on the rung and others do
// not, or somebody moved the route while it ran; a route that is configured to be
// where it is, for everybody, is not on trial.
func check(r config.Route, s *ladder.State) rollout.Percent {
	_, moved := s.Moves[r.Name]
	switch {
	case r.CheckSet:
		return r.Check
	case moved, r.Autopilot, r.Holdout > 0, s.Position(r.Name).Percent < rollout.Everyone:
		return checkOnTrial
	}
	return 0
}
