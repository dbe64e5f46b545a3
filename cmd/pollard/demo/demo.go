// Package demo shows on one machine what Pollard is for: a legacy application whose pages poll, a proxy in front of it, and people who
// watch those pages in browsers. The calls fall, the terminal says by how much, and a page shows the same document with the proxy and
// without it, side by side.
//
// No number is taken on trust: what the proxy claims to have sent upstream is compared with what the application has really received, and
// every answer that a viewer gets is checked for having been made for that viewer. A demo in which either is wrong fails.
package demo

import (
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
	Viewers     int           // browser tabs; default 200
	Duration    time.Duration // 0: until the context of Run ends
	JSON        bool          // print nothing but one object, at the end
	Out         io.Writer     // what is printed goes here
	Seed        uint64        // of what viewers do and what changes
	Interactive bool          // Out is a terminal: the table is redrawn in place

	// Start puts a proxy in front of upstream, on free loopback ports, with Routes as its routes. The context lives until after the
	// proxy's Stop has returned.
	Start func(ctx context.Context, upstream *url.URL) (Proxy, error)
}

func (o Options) withDefaults() Options {
	if o.Viewers == 0 {
		o.Viewers = 200
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
	Name string
	Path string // pattern

	// SharesChanges says that the upstream's entity tag is a stamp per path: news that something has changed holds for everybody,
	// though bodies do not (`share: changes`).
	SharesChanges bool
}

// Routes lists the application's polled routes.
func Routes() []Route {
	var routes []Route
	for _, r := range legacy.Routes() {
		routes = append(routes, Route{Name: r.Name, Path: r.Path, SharesChanges: true})
	}
	return routes
}

// Run shows the demo until ctx or the duration ends, then prints the reduction per route. The error says what could not be started, that a
// viewer was given something of another's or was made to stop polling by an error, or that the proxy's count of upstream requests is not
// the application's.
func Run(ctx context.Context, o Options) (err error) {
	o = o.withDefaults()
	if o.Viewers < 0 {
		return fmt.Errorf("a demo with %d viewers: want one or more", o.Viewers)
	}
	if o.Duration > 0 {
		timed, cancel := context.WithTimeout(ctx, o.Duration)
		defer cancel()
		ctx = timed
	}
	s, err := setUp(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.takeDown()) }()
	return s.play(ctx)
}
