// Package report says what was saved, per route, as GitLab published it: calls per 15
// minutes and per 24 hours, before, after, and the reduction. What was counted and
// what is modelled stand beside each other.
package report

import "time"

// Quarter is the time that one point of a series stands for.
const Quarter = 15 * time.Minute

const day = 24 * time.Hour

// Counts are of a time. Before is Polls and Avoided, after is Calls.
type Counts struct {
	Polls   float64 `json:"polls"`   // counted
	Avoided float64 `json:"avoided"` // modelled: what watchers would have polled
	Calls   float64 `json:"calls"`   // counted: requests that reached the upstream
}

// Before is what would have reached the upstream; partly modelled, if anything was
// avoided.
func (c Counts) Before() float64 { return c.Polls + c.Avoided }

// Reduction is 1 − calls ÷ before; null before the first poll.
func (c Counts) Reduction() *float64 { return reduction(c.Calls, c.Before()) }

// Measured is 1 − calls ÷ polls; null before the first poll.
func (c Counts) Measured() *float64 { return reduction(c.Calls, c.Polls) }

func reduction(after, before float64) *float64 {
	if before <= 0 {
		return nil
	}
	v := 1 - after/before
	return &v
}

func (c *Counts) add(o Counts) {
	c.Polls += o.Polls
	c.Avoided += o.Avoided
	c.Calls += o.Calls
}

func (c Counts) times(f float64) Counts { return Counts{c.Polls * f, c.Avoided * f, c.Calls * f} }

// A Point is the counts of the [Quarter] that ends at a time.
type Point struct {
	At time.Time `json:"at"`
	Counts
}

// A Route is what became of a route's polls.
type Route struct {
	Name              string   `json:"name"`
	Sum               Counts   `json:"sum"` // of the report's time
	PerQuarter        Counts   `json:"per_15m"`
	PerDay            Counts   `json:"per_24h"` // extrapolated, where the report's time is less
	Reduction         *float64 `json:"reduction"`
	ReductionMeasured *float64 `json:"reduction_measured"`
	Points            []Point  `json:"points,omitempty"` // none where there is no history
}

// A Report is of a time that ends with To.
type Report struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Source string    `json:"source"` // where the figures come from
	Routes []Route   `json:"routes"` // those with the most polls first
	Total  Route     `json:"total"`
}

// Extrapolates reports whether a day's figures are more than was seen.
func (r *Report) Extrapolates() bool { return r.To.Sub(r.From) < day }

// scaled completes a route of which the sum is known.
func (r *Report) scaled(route Route) Route {
	span := r.To.Sub(r.From).Seconds()
	route.PerQuarter = route.Sum.times(Quarter.Seconds() / span)
	route.PerDay = route.Sum.times(day.Seconds() / span)
	route.Reduction, route.ReductionMeasured = route.Sum.Reduction(), route.Sum.Measured()
	return route
}
