package demo

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
)

// What a tour shows.
const (
	toured      = legacy.RouteJob // the route that is taken up the ladder; the others stay where they were
	sessionsOf  = 8               // each person: a share of a hundred actors needs about a hundred of them
	tourChanges = 4 * time.Second // mean time between two changes of the application
	tourLasts   = 2 * time.Minute // by default
	tourChecks  = 5               // percent of what is given from memory that is checked with the fleet
)

// A tour takes one route through its migration, from observing to the fall and the revival, by what an operator has: the admin listener.
type tour struct {
	// Set by newTour, then read-only.
	theatre  *theatre
	operator operator
	chapters []chapter
	pace     float64 // what chapters last is multiplied by it

	// Owned by run.
	fall fall

	mu   sync.Mutex
	told []told // the chapters that have begun; guarded by mu
}

// A chapter is one part of a tour.
type chapter struct {
	title string
	says  string        // what happens, and what to look at
	lasts time.Duration // after act
	act   func(context.Context, *tour) error

	// find says what came of it. The error says why it did not come about.
	find func(context.Context, *tour, told) (string, error)
}

// told is what is known of a chapter that has begun.
type told struct {
	Title    string  `json:"title"`
	Says     string  `json:"says"`
	Found    string  `json:"found"` // "" until it has ended
	Seconds  float64 `json:"seconds"`
	totals           // of the route, in this chapter
	HasEnded bool    `json:"ended"`
}

// newTour returns a tour that has not begun. It takes d, and as long as the guards need to see what is wrong.
func newTour(t *theatre, d time.Duration) *tour {
	chapters := story(len(t.people()))
	var all time.Duration
	for _, c := range chapters {
		all += c.lasts
	}
	return &tour{theatre: t, operator: newOperator(t.proxy.Admin), chapters: chapters, pace: d.Seconds() / all.Seconds()}
}

// run plays one chapter after the other, up to the first that does not come about.
func (t *tour) run(ctx context.Context) error {
	for i := range t.chapters {
		if err := t.play(ctx, &t.chapters[i]); err != nil {
			return fmt.Errorf("chapter %d, %s, did not come about: %w", i+1, t.chapters[i].title, err)
		}
	}
	return nil
}

func (t *tour) play(ctx context.Context, c *chapter) error {
	t.begin(c)
	began, before := time.Now(), t.counted()
	if err := c.act(ctx, t); err != nil {
		return err
	}
	if err := t.wait(ctx, time.Duration(t.pace*float64(c.lasts))); err != nil {
		return err
	}
	ended := told{Title: c.title, Says: c.says, Seconds: time.Since(began).Seconds(), totals: t.counted().since(before), HasEnded: true}
	var err error
	if ended.Found, err = c.find(ctx, t, ended); err != nil {
		return err
	}
	t.end(ended)
	return nil
}

func (t *tour) wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("it was cut short: %w", ctx.Err())
	}
}

func (t *tour) begin(c *chapter) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.told = append(t.told, told{Title: c.title, Says: c.says})
}

func (t *tour) end(ended told) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.told[len(t.told)-1] = ended
}

// soFar returns the chapters that have begun.
func (t *tour) soFar() []told {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.told)
}

// counted returns what the proxy has counted of the route.
func (t *tour) counted() RouteTotals {
	all := t.theatre.proxy.Routes()
	i := slices.IndexFunc(all, func(r RouteTotals) bool { return r.Name == toured })
	if i < 0 {
		return RouteTotals{}
	}
	return all[i]
}

// since returns what was counted after before.
func (r RouteTotals) since(before RouteTotals) totals {
	return sum([]RouteTotals{{Polls: r.Polls - before.Polls, Upstream: r.Upstream - before.Upstream, Avoided: max(0, r.Avoided-before.Avoided)}})
}
