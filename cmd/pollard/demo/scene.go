package demo

import (
	"errors"
	"fmt"
	"time"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
	"github.com/pollard-proxy/pollard/cmd/pollard/demo/viewer"
)

// A row is one route: what the proxy says, and what the application has seen.
type row struct {
	RouteTotals
	Received uint64 `json:"received"` // requests that the application has answered at the proxy's door
}

// A scene is what can be seen at one moment.
type scene struct {
	At      time.Time
	Elapsed time.Duration
	Rows    []row
	Counts  viewer.Counts
	Told    []told // the chapters of the tour that have begun
}

// look takes in the scene. Requests on their way are counted by the proxy already and by the application not yet.
func (t *theatre) look() scene {
	now := time.Now()
	received := t.received.Calls()
	sc := scene{At: now, Elapsed: now.Sub(t.started), Counts: t.crowd.Counts()}
	for _, r := range t.proxy.Routes() {
		sc.Rows = append(sc.Rows, row{r, uint64(received.Route(r.Name))})
	}
	if t.tour != nil {
		sc.Told = t.tour.soFar()
	}
	return sc
}

func (sc scene) routes() []RouteTotals {
	routes := make([]RouteTotals, len(sc.Rows))
	for i, r := range sc.Rows {
		routes[i] = r.RouteTotals
	}
	return routes
}

func (sc scene) watchers() int64 {
	var n int64
	for _, r := range sc.Rows {
		n += r.Watchers
	}
	return n
}

func (sc scene) received() uint64 {
	var n uint64
	for _, r := range sc.Rows {
		n += r.Received
	}
	return n
}

// differences says of each route whether the two counts of upstream requests are the same, and whether the proxy knows all of our routes.
func (sc scene) differences() error {
	var problems []error
	rows := map[string]row{}
	for _, r := range sc.Rows {
		rows[r.Name] = r
	}
	for _, route := range legacy.Routes() {
		r, ok := rows[route.Name]
		switch {
		case !ok:
			problems = append(problems, fmt.Errorf("the proxy has no route %s", route.Name))
		case r.Upstream != r.Received:
			problems = append(problems, fmt.Errorf("%s: the proxy says that it sent %d requests upstream, the application has received %d",
				route.Name, r.Upstream, r.Received))
		}
	}
	return errors.Join(problems...)
}
