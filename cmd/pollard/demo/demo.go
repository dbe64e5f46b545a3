// Package demo shows on one machine what Pollard is for: a legacy application whose pages poll, a proxy in front of it, and people who
// watch those pages in browsers and by every other way that the proxy offers. The calls fall, the terminal says by how much, and a page
// shows the same document with the proxy and without it, side by side, and how long each takes to show a change.
//
// No number is taken on trust: what the proxy claims to have sent upstream is compared with what the application has really received, and
// every answer that a viewer gets is checked for having been made for that viewer. A demo in which either is wrong fails.
package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
)

// Options set up a demo. Out and Start are required.
type Options struct {
	Stage       Stage         // of the proxy's routes; default Push
	Tour        bool          // takes one route from Observe up to Push, down and up again; Stage is of no matter then
	Viewers     int           // browser tabs; default 300
	Duration    time.Duration // 0: until the context of Run ends; a tour takes 2 minutes
	JSON        bool          // print nothing but one object, at the end
	Out         io.Writer     // what is printed goes here
	Seed        uint64        // of what viewers do and what changes
	Interactive bool          // Out is a terminal: the table is redrawn in place

	// Start puts a proxy with these routes in front of upstream, on free loopback ports. The context lives until after the proxy's Stop has
	// returned.
	Start func(ctx context.Context, upstream *url.URL, routes []Route) (Proxy, error)
}

// A Stage is how much the proxy does on a route.
type Stage string

// The stages that can be shown.
const (
	Observe  Stage = "observe"  // pass everything, and learn; what a tour begins with
	Coalesce Stage = "coalesce" // answer polls from memory
	Push     Stage = "push"     // the same, and tell those who can be told
)

func (o Options) withDefaults() Options {
	if o.Viewers == 0 {
		o.Viewers = 300
	}
	if o.Stage == "" {
		o.Stage = Push
	}
	if o.Tour {
		o.Stage, o.Duration = Observe, cmp.Or(o.Duration, tourLasts)
	}
	return o
}

// A Proxy is running in front of the application.
type Proxy struct {
	URL    *url.URL             // the front door
	Admin  *url.URL             // the admin listener
	Routes func() []RouteTotals // what it has counted up to now, in the order of its configuration
	Stop   func()               // returns when it has stopped
}

// A Route is one that the proxy should have.
type Route struct {
	Name  string
	Path  string // pattern
	Stage Stage

	// SharesChanges says that the upstream's entity tag is a stamp per path: news that something has changed holds for everybody,
	// though bodies do not (`share: changes`).
	SharesChanges bool
	Check         int // percent of what is given from memory that is checked with the upstream; 0: as by default
}

// routes lists the application's polled routes.
func routes(o Options) []Route {
	var routes []Route
	for _, r := range legacy.Routes() {
		route := Route{Name: r.Name, Path: r.Path, Stage: o.Stage, SharesChanges: true}
		if o.Tour && r.Name == toured {
			route.Check = tourChecks
		}
		routes = append(routes, route)
	}
	return routes
}

// Run shows the demo until ctx, the duration or the tour ends, then prints the reduction per route. The error says what could not be
// started, that a viewer was given something of another's or was made to stop polling by an error, that the proxy's count of upstream
// requests is not the application's, or which chapter of the tour did not come about.
func Run(ctx context.Context, o Options) (err error) {
	o = o.withDefaults()
	if o.Viewers < 0 {
		return fmt.Errorf("a demo with %d viewers: want one or more", o.Viewers)
	}
	if o.Stage != Coalesce && o.Stage != Push && !o.Tour {
		return fmt.Errorf("a demo at stage %q: want %s or %s", o.Stage, Coalesce, Push)
	}
	if o.Duration > 0 && !o.Tour {
		timed, cancel := context.WithTimeout(ctx, o.Duration)
		defer cancel()
		ctx = timed
	}
	t, err := setUp(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.takeDown()) }()
	return t.play(ctx)
}
