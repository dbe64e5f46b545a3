package admin

import (
	"encoding/json"

	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy"
)

// Route is a route and its figures, as operators see them.
type Route struct {
	Name       string          `json:"name"`
	Path       string          `json:"path"`
	Stage      string          `json:"stage"`
	Percent    json.RawMessage `json:"percent"` // a number, exact
	Share      string          `json:"share"`
	IntervalMS int64           `json:"interval_ms"` // where upstream names none

	Polls             uint64   `json:"polls"`
	Upstream          uint64   `json:"upstream"`
	Avoided           float64  `json:"avoided"`            // modelled
	Reduction         *float64 `json:"reduction"`          // 1 − upstream ÷ (polls + avoided); null before the first poll
	ReductionMeasured *float64 `json:"reduction_measured"` // 1 − upstream ÷ polls; null before the first poll
	Watchers          int      `json:"watchers"`

	StalenessP50 *float64 `json:"staleness_p50_s"` // age of what was served; null before the first
	StalenessP99 *float64 `json:"staleness_p99_s"`
}

// Routes returns the routes in force with their figures, in order.
func Routes(p *proxy.Handler, led *ledger.Ledger) []Route {
	routes := []Route{}
	for _, o := range p.Routes() {
		counts := led.Route(o.Name)
		t := counts.Totals()
		routes = append(routes, Route{
			Name: o.Name, Path: o.Path, Stage: o.Rollout.Stage.String(), Percent: json.RawMessage(o.Rollout.Percent.String()),
			Share: o.Policy.Share.String(), IntervalMS: o.Policy.Interval.Milliseconds(),
			Polls: t.Polls, Upstream: t.Upstream, Avoided: t.Avoided,
			Reduction:         reduction(t.Polls, t.Upstream, t.Avoided),
			ReductionMeasured: reduction(t.Polls, t.Upstream, 0),
			Watchers:          counts.Watchers(),
			StalenessP50:      staleness(counts, 0.5),
			StalenessP99:      staleness(counts, 0.99),
		})
	}
	return routes
}

func reduction(polls, upstream uint64, avoided float64) *float64 {
	if polls == 0 {
		return nil
	}
	v, _ := ledger.Reduction(polls, upstream, avoided)
	return &v
}

func staleness(counts *ledger.Route, q float64) *float64 {
	v, ok := counts.StalenessQuantile(q)
	if !ok {
		return nil
	}
	return &v
}
