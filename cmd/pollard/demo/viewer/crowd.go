// Package viewer has people who watch polling pages, as browsers do it: every person has one browser, with its session and its HTTP cache,
// and any number of tabs, each of which opens a page, polls as often as the answers say, or is told of changes if that is offered, is hidden
// and shown, and moves on.
package viewer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"sync"
	"time"
)

// A Page is what a tab can show.
type Page struct {
	Path string // of the page
	Poll string // of what the page polls
}

// Options set up a Crowd. Base, People, Pages and CheckOwner are required.
type Options struct {
	Base    *url.URL // scheme and authority of the site
	Viewers int      // tabs, shared out evenly among People
	Ways    []Way    // of the tabs that do not poll, in turn; none: all poll
	People  []string // who signs in
	Pages   []Page
	Seed    uint64

	// Transport carries the requests; nil: connections of the crowd's own, as many as there are tabs.
	Transport http.RoundTripper

	// CheckOwner returns an error when body was not made for person.
	CheckOwner func(person string, body []byte) error
}

const (
	arrival     = 3 * time.Second  // tabs open their first page within this time, as if people had always been coming and going
	visit       = 4 * time.Minute  // mean time that a tab stays on one page
	idleVisit   = 10 * time.Second // mean time that it stays once nothing is polled any more
	shown       = 2 * time.Minute  // mean time between two moments at which a tab is hidden
	hidden      = 20 * time.Second // mean time that it then stays hidden
	patience    = 10 * time.Second // the longest that one answer may take
	lastPatient = 2 * time.Second  // the same, once Run has been told to end
)

// pollingTabs are those of a person that poll before one is pushed to. Whoever is pushed to costs upstream a proof at once and saves polls
// later: where few watch for seconds only, there is nothing to be seen but the cost.
const pollingTabs = 2

// A Crowd is a number of viewers.
type Crowd struct {
	options Options
	client  http.Client
	count   counter
}

// New returns a crowd that has not come yet.
func New(o Options) *Crowd {
	if o.Transport == nil {
		o.Transport = &http.Transport{MaxIdleConnsPerHost: o.Viewers, DisableCompression: true}
	}
	return &Crowd{options: o, client: http.Client{Transport: o.Transport, Timeout: patience}}
}

// Counts returns what the crowd has done and met so far.
func (c *Crowd) Counts() Counts { return c.count.load() }

// Run signs everybody in and lets them watch until ctx ends. It then waits for the answers that are on their way, so that nothing is
// abandoned half-way, and returns when all tabs are closed. The error says who could not sign in.
func (c *Crowd) Run(ctx context.Context) error {
	defer c.client.CloseIdleConnections()
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	browsers, err := c.signIn(requests)
	if err != nil {
		return err
	}
	var tabs sync.WaitGroup
	for i := range c.options.Viewers {
		t := &tab{
			browser: browsers[i%len(browsers)], way: c.way(i, len(browsers)), pages: c.options.Pages, count: &c.count,
			random: rand.New(rand.NewPCG(c.options.Seed, uint64(i))),
		}
		tabs.Go(func() { t.run(ctx, requests) })
	}
	<-ctx.Done()
	impatient := time.AfterFunc(lastPatient, cancel)
	defer impatient.Stop()
	tabs.Wait()
	return nil
}

// way returns how a tab learns of changes: each person's first tabs poll, and three of four of the others.
func (c *Crowd) way(tab, people int) Way {
	further := tab - pollingTabs*people
	if further < 0 || further%4 != 3 || len(c.options.Ways) == 0 {
		return Polls
	}
	return c.options.Ways[further/4%len(c.options.Ways)]
}

// signIn opens a browser for everybody who will have a tab.
func (c *Crowd) signIn(ctx context.Context) ([]*browser, error) {
	var browsers []*browser
	for _, person := range c.options.People[:min(len(c.options.People), c.options.Viewers)] {
		jar, err := cookiejar.New(nil)
		if err != nil {
			return nil, fmt.Errorf("making a cookie jar: %w", err)
		}
		client := c.client
		client.Jar = jar
		b := &browser{person: person, base: c.options.Base, client: &client, check: c.options.CheckOwner, cache: map[string]*stored{}}
		if err := b.signIn(ctx); err != nil {
			return nil, fmt.Errorf("signing in as %s: %w", person, err)
		}
		browsers = append(browsers, b)
	}
	return browsers, nil
}
