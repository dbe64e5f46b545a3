package demo

import (
	"encoding/json"
	"fmt"
	"io"
)

// RouteTotals are one route as the proxy's GET /api/v1/routes shows it.
type RouteTotals struct {
	Name              string   `json:"name"`
	Path              string   `json:"path"`
	Stage             string   `json:"stage"`
	Percent           float64  `json:"percent"`
	Share             string   `json:"share"`
	IntervalMS        int64    `json:"interval_ms"`
	Polls             uint64   `json:"polls"`
	Upstream          uint64   `json:"upstream"`
	Avoided           float64  `json:"avoided"`            // modelled: polls that watchers would have sent
	Reduction         *float64 `json:"reduction"`          // null before the first poll
	ReductionMeasured *float64 `json:"reduction_measured"` // without what is modelled
	Watchers          int64    `json:"watchers"`
}

// totals are the sums over all routes.
type totals struct {
	Polls     uint64   `json:"polls"`
	Upstream  uint64   `json:"upstream"`
	Avoided   float64  `json:"avoided"`
	Reduction *float64 `json:"reduction"`
}

// report is what the demo prints for machines.
type report struct {
	Routes   []RouteTotals `json:"routes"`
	Total    totals        `json:"total"`
	Chapters []told        `json:"chapters,omitempty"` // of a tour
}

// sum adds up routes. Its reduction is null before the first poll, because none is not the same as unknown.
func sum(routes []RouteTotals) totals {
	var t totals
	for _, r := range routes {
		t.Polls += r.Polls
		t.Upstream += r.Upstream
		t.Avoided += r.Avoided
	}
	if wanted := float64(t.Polls) + t.Avoided; wanted > 0 {
		reduction := 1 - float64(t.Upstream)/wanted
		t.Reduction = &reduction
	}
	return t
}

// measured is the reduction without what is modelled.
func (t totals) measured() *float64 {
	return sum([]RouteTotals{{Polls: t.Polls, Upstream: t.Upstream}}).Reduction
}

func writeReport(w io.Writer, last scene) error {
	routes := last.routes()
	if err := json.NewEncoder(w).Encode(report{Routes: routes, Total: sum(routes), Chapters: last.Told}); err != nil {
		return fmt.Errorf("printing the totals: %w", err)
	}
	return nil
}
