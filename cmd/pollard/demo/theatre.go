package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
	"github.com/pollard-proxy/pollard/cmd/pollard/demo/viewer"
)

// render is how long the application takes over an answer that it renders: long enough for requests to meet.
const render = 25 * time.Millisecond

// A theatre is everything that runs during a demo: the application behind two doors, the proxy in front of one of them, the viewers in front
// of the proxy, and the page that shows the same document through both doors.
type theatre struct {
	// Set by setUp, then read-only.
	options Options
	started time.Time
	app     *legacy.App
	delays  *delays // between changes of the application and the page that shows them
	direct  *server // the application's door for whoever does without the proxy
	page    *server // the side-by-side page
	proxy   Proxy
	crowd   *viewer.Crowd
	tour    *tour          // nil unless there is one
	down    []func() error // what takeDown calls, last first

	received  legacy.Tally // what has come through the proxy's door
	hasScript atomic.Bool  // the pages behind the proxy carry the further script
}

// setUp starts everything but the viewers and the changes. When something fails, what had been started is taken down again.
func setUp(ctx context.Context, o Options) (*theatre, error) {
	t := &theatre{options: o, started: time.Now(), delays: newDelays()}
	t.hasScript.Store(o.Stage == Push)
	settings := legacy.Options{Seed: o.Seed, Render: render, Edited: t.delays.edited}
	if o.Tour {
		settings.ChangeEvery = tourChanges
	}
	t.app = legacy.New(settings)
	if err := t.open(ctx); err != nil {
		return nil, errors.Join(err, t.takeDown())
	}
	return t, nil
}

func (t *theatre) open(ctx context.Context) error {
	view := newSideBySide(t.app, t.delays)
	upstream, err := t.serve(legacy.WithScript(t.script, t.app.Door(func(c legacy.Call) {
		t.received.Add(c)
		view.count(through, c)
	})))
	if err != nil {
		return err
	}
	if t.direct, err = t.serve(t.app.Door(func(c legacy.Call) { view.count(direct, c) })); err != nil {
		return err
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	t.down = append(t.down, func() error { end(); return nil })
	if t.proxy, err = t.options.Start(life, upstream.url, routes(t.options)); err != nil {
		return fmt.Errorf("starting the proxy: %w", err)
	}
	t.down = append(t.down, func() error { t.proxy.Stop(); return nil })
	t.crowd = viewer.New(viewer.Options{
		Base: t.proxy.URL, Viewers: t.options.Viewers, Ways: ways(), People: t.people(), Pages: pages(t.app), Seed: t.options.Seed,
		CheckOwner: legacy.CheckOwner,
	})
	if t.options.Tour {
		t.tour = newTour(t, t.options.Duration)
	}
	t.page, err = t.serve(view.handler(sight{proxy: t.proxy.URL, direct: t.direct.url, script: t.script, look: t.look}))
	return err
}

// script is what makes the application's pages take push: the one thing that changes in them. "" is none.
func (t *theatre) script() string {
	if !t.hasScript.Load() {
		return ""
	}
	return "/-/pollard/client.js"
}

// people are who sign in, each in a browser of their own. In a tour each has several, of three tabs or more, since a small share of few
// actors would be nobody, and only third tabs are pushed to.
func (t *theatre) people() []string {
	if !t.options.Tour {
		return legacy.People()
	}
	people := slices.Repeat(legacy.People(), sessionsOf)
	return people[:max(1, min(len(people), t.options.Viewers/3))]
}

// ways are how those viewers learn of changes who take push where it is offered.
func ways() []viewer.Way {
	return []viewer.Way{viewer.Cable, viewer.WebSocket, viewer.EventStream, viewer.PollardV1, viewer.LongPoll}
}

func (t *theatre) serve(h http.Handler) (*server, error) {
	opened, err := serve(h)
	if err == nil {
		t.down = append(t.down, opened.close)
	}
	return opened, err
}

// takeDown stops everything in the reverse order of its start.
func (t *theatre) takeDown() error {
	var problems []error
	for _, stop := range slices.Backward(t.down) {
		problems = append(problems, stop())
	}
	return errors.Join(problems...)
}

// play lets the viewers in and documents change until ctx ends, and draws the conclusion.
func (t *theatre) play(ctx context.Context) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	var failure, missed error
	var actors sync.WaitGroup
	actors.Go(func() { t.app.Run(ctx) })
	actors.Go(func() {
		defer end() // without viewers there is nothing to show
		failure = t.crowd.Run(ctx)
	})
	if t.tour != nil {
		actors.Go(func() {
			defer end()
			missed = t.tour.run(ctx)
		})
	}
	before := t.show(ctx)
	actors.Wait()
	if failure != nil {
		return fmt.Errorf("letting the viewers in: %w", failure)
	}
	return errors.Join(missed, t.conclude(before))
}

// pages are what viewers open: every document of the application.
func pages(app *legacy.App) []viewer.Page {
	var pages []viewer.Page
	for _, path := range app.Documents() {
		pages = append(pages, viewer.Page{Path: legacy.PageOf(path), Poll: path})
	}
	return pages
}
