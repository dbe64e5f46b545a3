package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
	"github.com/pollard-proxy/pollard/cmd/pollard/demo/viewer"
)

// render is how long the application takes over an answer that it renders: long enough for requests to meet.
const render = 25 * time.Millisecond

// A stage is everything that runs during a demo: the application behind two doors, the proxy in front of one of them, the viewers in front
// of the proxy, and the page that shows the same document through both doors.
type stage struct {
	// Set by setUp, then read-only.
	options Options
	started time.Time
	app     *legacy.App
	direct  *server // the application's door for whoever does without the proxy
	page    *server // the side-by-side page
	proxy   Proxy
	crowd   *viewer.Crowd
	down    []func() error // what takeDown calls, last first

	received legacy.Tally // what has come through the proxy's door
}

// setUp starts everything but the viewers and the changes. When something fails, what had been started is taken down again.
func setUp(ctx context.Context, o Options) (*stage, error) {
	s := &stage{options: o, started: time.Now(), app: legacy.New(legacy.Options{Seed: o.Seed, Render: render})}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.takeDown())
	}
	return s, nil
}

func (s *stage) open(ctx context.Context) error {
	view := newSideBySide(s.app)
	upstream, err := s.serve(s.app.Door(func(c legacy.Call) {
		s.received.Add(c)
		view.count(through, c)
	}))
	if err != nil {
		return err
	}
	if s.direct, err = s.serve(s.app.Door(func(c legacy.Call) { view.count(direct, c) })); err != nil {
		return err
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	s.down = append(s.down, func() error { end(); return nil })
	if s.proxy, err = s.options.Start(life, upstream.url); err != nil {
		return fmt.Errorf("starting the proxy: %w", err)
	}
	s.down = append(s.down, func() error { s.proxy.Stop(); return nil })
	s.crowd = viewer.New(viewer.Options{
		Base: s.proxy.URL, Viewers: s.options.Viewers, People: legacy.People(), Pages: pages(s.app), Seed: s.options.Seed,
		CheckOwner: legacy.CheckOwner,
	})
	s.page, err = s.serve(view.handler(s.proxy.URL, s.direct.url, s.look))
	return err
}

func (s *stage) serve(h http.Handler) (*server, error) {
	opened, err := serve(h)
	if err == nil {
		s.down = append(s.down, opened.close)
	}
	return opened, err
}

// takeDown stops everything in the reverse order of its start.
func (s *stage) takeDown() error {
	var problems []error
	for _, stop := range slices.Backward(s.down) {
		problems = append(problems, stop())
	}
	return errors.Join(problems...)
}

// play lets the viewers in and documents change until ctx ends, and draws the conclusion.
func (s *stage) play(ctx context.Context) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	var failure error
	var actors sync.WaitGroup
	actors.Go(func() { s.app.Run(ctx) })
	actors.Go(func() {
		defer end() // without viewers there is nothing to show
		failure = s.crowd.Run(ctx)
	})
	s.show(ctx)
	actors.Wait()
	if failure != nil {
		return fmt.Errorf("letting the viewers in: %w", failure)
	}
	return s.conclude()
}

// pages are what viewers open: every document of the application.
func pages(app *legacy.App) []viewer.Page {
	var pages []viewer.Page
	for _, path := range app.Documents() {
		pages = append(pages, viewer.Page{Path: legacy.PageOf(path), Poll: path})
	}
	return pages
}
