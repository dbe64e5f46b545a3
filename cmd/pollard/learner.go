package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/proxy"
	"github.com/pollard-proxy/pollard/rollout/observe"
)

// What is followed while logs are read.
const (
	learnerMemory = 64 << 20 // bytes, of the observer: room for more URLs than adoptEvery
	adoptEvery    = 25_000   // GETs
	maxAdopted    = 64       // patterns; further ones count only as far as they are among what was seen last
)

// learner has an observer learn from logs, which are longer than an observer
// remembers: it follows the URLs that were polled last, and sums up routes for
// ever. So what it finds polled becomes a route from then on.
type learner struct {
	observer   *observe.Observer
	configured []proxy.RouteOptions
	adopted    []adopted
	before     []observe.Evidence // of each pattern until it was adopted
	routes     *loggedRoutes
	gets       int
	first      time.Time
}

// adopted is a pattern that was found in the logs. As a route it has a name that
// no configured route can have: itself.
type adopted struct {
	pattern string
	finder  *proxy.Finder
}

// covers reports whether a route with the pattern would have all that is on one
// with another: to a pattern, `*` is a segment like any other.
func (a adopted) covers(pattern string) bool { return a.finder.Find(pattern) != nil }

func newLearner(configured []proxy.RouteOptions, interval time.Duration) (*learner, error) {
	l := &learner{
		observer:   observe.New(observe.Options{Memory: learnerMemory, Shards: 1, Interval: interval}),
		configured: configured,
	}
	return l, l.compile()
}

// compile has requests placed on what is configured, else on what was adopted.
func (l *learner) compile() error {
	options := slices.Clone(l.configured)
	for _, a := range l.adopted {
		options = append(options, proxy.RouteOptions{Name: a.pattern, Path: a.pattern})
	}
	finder, err := proxy.NewFinder(options)
	if err != nil {
		return fmt.Errorf("compiling routes: %w", err)
	}
	l.routes = newLoggedRoutes(finder)
	return nil
}

func (l *learner) saw(s *observe.Sighting) error {
	if l.first.IsZero() {
		l.first = s.Time
	}
	l.routes.place(s)
	l.observer.Saw(s)
	if l.gets++; l.gets%adoptEvery != 0 {
		return nil
	}
	return l.adopt()
}

// seen is all that the observer knows; as of the beginning, since what was
// polled in the morning matters at night too.
func (l *learner) seen() []observe.Evidence { return l.observer.Evidence(l.first) }

// adopt makes routes of what looks polled. A pattern that covers others takes
// their place.
func (l *learner) adopt() error {
	news := false
	for _, e := range l.seen() {
		if e.Route != "" || l.isCovered(e.Pattern) || len(l.adopted) >= maxAdopted {
			continue
		}
		finder, err := proxy.NewFinder([]proxy.RouteOptions{{Path: e.Pattern}})
		if err != nil {
			return fmt.Errorf("compiling what was found: %w", err)
		}
		wider := adopted{e.Pattern, finder}
		l.adopted = slices.DeleteFunc(l.adopted, func(a adopted) bool { return wider.covers(a.pattern) })
		l.adopted = append(l.adopted, wider)
		l.before = append(l.before, e)
		news = true
	}
	if !news {
		return nil
	}
	return l.compile()
}

// isCovered reports whether what matches a pattern is on a route already. What
// is then known of it is from before that was so.
func (l *learner) isCovered(pattern string) bool { return l.routes.finder.Find(pattern) != nil }

// evidence returns what was learnt of each route, then of each pattern that was
// found, by polls, the most first.
func (l *learner) evidence() []observe.Evidence {
	var known, found []observe.Evidence
	parts := slices.Clone(l.before)
	for _, e := range l.seen() {
		switch {
		case strings.HasPrefix(e.Route, "/"):
			e.Route, e.Pattern = "", e.Route
			parts = append(parts, e)
		case e.Route != "":
			known = append(known, e)
		case !l.isCovered(e.Pattern):
			found = append(found, e)
		}
	}
	for _, a := range l.adopted {
		found = append(found, a.evidence(parts))
	}
	slices.SortStableFunc(found, func(x, y observe.Evidence) int { return cmp.Compare(y.Polls, x.Polls) })
	return append(known, found...)
}

// evidence adds up what was learnt of a pattern before and after it was adopted,
// and of those that it covers. What cannot be added is that of the largest part:
// documents and clients are then at least so many.
func (a adopted) evidence(parts []observe.Evidence) observe.Evidence {
	var largest observe.Evidence
	var sums observe.Sums
	var folds [observe.Folds]observe.Sums
	since := time.Time{}
	example := ""
	for _, e := range parts {
		if !a.covers(e.Pattern) {
			continue
		}
		if e.Polls > largest.Polls {
			largest = e
		}
		if since.IsZero() || e.Since.Before(since) {
			since = e.Since
		}
		example = cmp.Or(example, e.Example)
		sums.Add(&e.Sums)
		for i := range folds {
			folds[i].Add(&e.Parts[i])
		}
	}
	largest.Pattern, largest.Example, largest.Since = a.pattern, example, since
	largest.Sums, largest.Parts = sums, folds
	return largest
}
