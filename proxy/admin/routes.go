package admin

import (
	"time"

	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/advice"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// Route is a route and its figures, as operators see them.
type Route struct {
	Name            string `json:"name"`
	Path            string `json:"path"`
	ladder.Position        // where it stands or, while all are killed, will stand once they are revived
	Share           string `json:"share"`
	IntervalMS      int64  `json:"interval_ms"` // where upstream names none

	Holdout    rollout.Percent `json:"holdout"`
	Configured ladder.Position `json:"configured"`        // in the file
	Since      time.Time       `json:"since"`             // it has stood in force where it does
	Moved      *Moved          `json:"moved,omitempty"`   // where it does not stand as configured
	Planned    *Planned        `json:"planned,omitempty"` // where it will stand
	Killed     bool            `json:"killed,omitempty"`  // it passes everything, whatever its stage

	Polls             uint64   `json:"polls"`
	Upstream          uint64   `json:"upstream"`
	Avoided           float64  `json:"avoided"`            // modelled
	Reduction         *float64 `json:"reduction"`          // 1 − upstream ÷ (polls + avoided); null before the first poll
	ReductionMeasured *float64 `json:"reduction_measured"` // 1 − upstream ÷ polls; null before the first poll
	Watchers          int      `json:"watchers"`

	ReductionCompared *Compared `json:"reduction_compared,omitempty"` // with the holdout, actor by actor; none where too little is known
	Guards            []Verdict `json:"guards,omitempty"`             // none at observe and below

	Retirable *advice.Retirement `json:"retirable,omitempty"` // what can go now; nothing before it was pushed to everybody for 30 days

	StalenessP50 *float64 `json:"staleness_p50_s"` // age of what was served; null before the first
	StalenessP99 *float64 `json:"staleness_p99_s"`
}

// Compared is the share of its upstream calls that an actor is spared, and the
// interval that covers the truth so much of the time.
type Compared struct {
	Reduction float64 `json:"reduction"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Level     float64 `json:"level"`
}

// Verdict is what one guard says of a route.
type Verdict struct {
	Guard   string `json:"guard"`
	Outcome string `json:"outcome"` // pass, fail, or hold: not enough is known
	Text    string `json:"text"`    // with its figures
}

// Moved is who had a route stand elsewhere than the file has it.
type Moved struct {
	When   time.Time `json:"when"`
	Who    string    `json:"who"`
	Why    string    `json:"why,omitempty"`
	Fallen bool      `json:"fallen,omitempty"` // a guard stepped it down; there it stays until a person moves it
}

// Planned is a move that is to come.
type Planned struct {
	At time.Time `json:"at"`
	ladder.Position
	Who string `json:"who"`
	Why string `json:"why,omitempty"`
}

func planned(s *ladder.State, route string) *Planned {
	p, ok := s.Plans[route]
	if !ok {
		return nil
	}
	return &Planned{At: p.At, Position: p.Position, Who: p.Who, Why: p.Why}
}

// Routes returns the routes in force with their figures, in order.
func Routes(p *proxy.Handler, led *ledger.Ledger, s *ladder.State) []Route {
	routes := []Route{}
	for _, o := range p.Routes() {
		r := figures(o, led.Route(o.Name))
		r.Position, r.Configured, r.Since = s.Position(o.Name), s.Configured[o.Name], s.Standings[o.Name].Since
		r.Moved, r.Planned, r.Killed = moved(s, o.Name), planned(s, o.Name), s.Kill != nil
		r.ReductionCompared, r.Guards = judgement(p, o.Name)
		if s.Kill == nil {
			stand := advice.Stand{Stage: r.Stage, Percent: r.Percent, Holdout: r.Holdout, Since: r.Since, Polls: r.Polls, Reduction: r.Reduction}
			r.Retirable = advice.Retire(stand, time.Now())
		}
		routes = append(routes, r)
	}
	return routes
}

// figures are what a route is and what was counted of it.
func figures(o proxy.RouteOptions, counts *ledger.Route) Route {
	t, ages := counts.Totals(), counts.Ages()
	return Route{
		Name: o.Name, Path: o.Path, Share: o.Policy.Share.String(), IntervalMS: o.Policy.Interval.Milliseconds(),
		Holdout: o.Rollout.Holdout, Polls: t.Polls, Upstream: t.Upstream, Avoided: t.Avoided,
		Reduction:         reduction(t.Polls, t.Upstream, t.Avoided),
		ReductionMeasured: reduction(t.Polls, t.Upstream, 0),
		Watchers:          counts.Watchers(),
		StalenessP50:      quantile(ages, 0.5),
		StalenessP99:      quantile(ages, 0.99),
	}
}

func judgement(p *proxy.Handler, route string) (*Compared, []Verdict) {
	j, ok := p.Judgement(route)
	if !ok {
		return nil, nil
	}
	var guards []Verdict
	for _, v := range j.Verdicts {
		guards = append(guards, Verdict{v.Guard, v.Outcome.String(), v.Text})
	}
	if e := j.Reduction; e.Missing == "" {
		return &Compared{e.Point, e.Low, e.High, e.Level}, guards
	}
	return nil, guards
}

func moved(s *ladder.State, route string) *Moved {
	m, ok := s.Moves[route]
	if !ok {
		return nil
	}
	return &Moved{When: m.When, Who: m.Who, Why: m.Why, Fallen: m.Fallen}
}

func reduction(polls, upstream uint64, avoided float64) *float64 {
	if polls == 0 {
		return nil
	}
	v, _ := ledger.Reduction(polls, upstream, avoided)
	return &v
}

// quantile is null where nothing was served.
func quantile(ages ledger.Ages, q float64) *float64 {
	v, ok := ages.Quantile(q)
	if !ok {
		return nil
	}
	return &v
}
