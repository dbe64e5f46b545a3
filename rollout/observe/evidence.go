package observe

import (
	"maps"
	"slices"
	"time"
)

// Evidence is what was learnt of one route, or of URLs that look like one.
type Evidence struct {
	Route   string // its name; "" for URLs that no route covers
	Pattern string // of such URLs, as the path of a route
	Example string // path of such a URL

	Since, Until time.Time // first and last sighting

	Sums
	// Parts are the same figures, divided at random by document (and by quarter of
	// an hour, for routes): how much they differ says how far they can be relied
	// upon.
	Parts [Folds]Sums

	Unfollowed uint64 // polls of URLs for which there was no room; in no other figure but Statuses, Bypass and Vary
	Documents  uint64 // URLs, each in all variants; to 7 %
	Identities uint64 // to 7 %
	Compared   uint64 // identities that were compared with others; to 7 %

	Pace Quantiles // of the pace that clients keep, those that come and those that came last

	Interval     time.Duration // as the route is set; 0 where that is not known
	PollInterval time.Duration // as upstream said last

	Statuses [6]uint64         // by class: Statuses[2] counts 2xx
	Bypass   map[string]uint64 // polls by why they could not be coalesced; at most 16 reasons a shard, and "other"
	Vary     map[string]uint64 // answers by what they vary on beyond the key; likewise

	Match, Late, Mismatch uint64 // see [Observer.DryRun]
}

// Quantiles of a duration; 0 where nothing is known.
type Quantiles struct{ Low, Median, High time.Duration } // the 10th, 50th and 90th of a hundred

// Evidence returns what was learnt until now: of all routes by name, then of
// what looks polled and is on no route, by polls, the most first. URLs on no
// route that were polled last more than an hour before now are left out.
func (o *Observer) Evidence(now time.Time) []Evidence {
	c := collection{routes: map[string]*gathering{}, since: now.Add(-time.Hour).UnixNano()}
	for i := range o.shards {
		c.take(&o.shards[i])
	}
	var all []Evidence
	for _, name := range slices.Sorted(maps.Keys(c.routes)) {
		all = append(all, c.routes[name].evidence())
	}
	return append(all, c.candidates()...)
}

// gathering is evidence in the making.
type gathering struct {
	Evidence
	paces                       []paced
	pages, identities, compared sketch
}

// paced is how long clients wait, weighed by how many polls were seen of them.
type paced struct {
	period time.Duration
	weight uint32
}

func newGathering() *gathering {
	return &gathering{Evidence: Evidence{Bypass: map[string]uint64{}, Vary: map[string]uint64{}}}
}

func (g *gathering) evidence() Evidence {
	e := g.Evidence
	for i := range e.Parts {
		e.Sums.Add(&e.Parts[i])
	}
	e.Documents, e.Identities, e.Compared = g.pages.count(), g.identities.count(), g.compared.count()
	e.Pace = quantiles(g.paces)
	return e
}

func (g *gathering) between(first, last int64) {
	since, until := time.Unix(0, first), time.Unix(0, last)
	if g.Since.IsZero() || since.Before(g.Since) {
		g.Since = since
	}
	if until.After(g.Until) {
		g.Until = until
	}
}

// take adds what a shard knows of a route.
func (g *gathering) take(name string, r *route) {
	g.Route = name
	g.between(r.first, r.last)
	for i := range r.folds {
		g.Parts[i].Add(&r.folds[i])
	}
	g.pages.merge(&r.pages)
	g.identities.merge(&r.identities)
	g.compared.merge(&r.compared)
	g.Unfollowed += r.unfollowed
	g.Interval, g.PollInterval = max(g.Interval, r.interval), max(g.PollInterval, r.pollInterval)
	for i, n := range r.statuses {
		g.Statuses[i] += n
	}
	addWords(g.Bypass, r.bypass)
	addWords(g.Vary, r.vary)
	g.Match, g.Late, g.Mismatch = g.Match+r.match, g.Late+r.late, g.Mismatch+r.mismatch
}

func addWords(to, from map[string]uint64) {
	for word, n := range from {
		to[word] += n
	}
}

// visited takes what a client at one of the pages is like.
func (g *gathering) visited(v *visit) {
	if v.pace.n > 1 {
		g.paces = append(g.paces, paced{v.pace.period(), v.pace.n})
	}
}

func quantiles(paces []paced) Quantiles {
	slices.SortFunc(paces, func(a, b paced) int { return int(a.period - b.period) })
	total := uint64(0)
	for _, p := range paces {
		total += uint64(p.weight)
	}
	at := func(percent uint64) time.Duration {
		passed := uint64(0)
		for _, p := range paces {
			passed += uint64(p.weight)
			if passed*100 >= total*percent {
				return p.period
			}
		}
		return 0
	}
	return Quantiles{at(10), at(50), at(90)}
}
