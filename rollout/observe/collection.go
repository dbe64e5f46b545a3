package observe

import (
	"cmp"
	"slices"
)

// collection is what all shards know together.
type collection struct {
	routes map[string]*gathering
	polled []*polled // URLs on no route
	since  int64     // the oldest that counts of these
}

// polled is one such URL in one variant.
type polled struct {
	page
	key    uint64
	last   int64
	visits []visit
}

// take copies from one shard, under its lock.
func (c *collection) take(sh *shard) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c.takeCovered(sh)
	c.takeOthers(&sh.others)
}

// takeCovered has all pages handed in, and adds up the routes.
func (c *collection) takeCovered(sh *shard) {
	t := &sh.covered
	for _, p := range t.pages.all {
		p.retire()
	}
	of := map[*Sums]*gathering{}
	for name, r := range sh.routes {
		g := c.gathering(name)
		g.take(name, r)
		for i := range r.folds {
			of[&r.folds[i]] = g
		}
	}
	for _, v := range t.visits.all {
		if i := t.pages.find(v.page); i >= 0 {
			of[t.pages.entries[i].home].visited(v)
		}
	}
}

func (c *collection) gathering(route string) *gathering {
	if c.routes[route] == nil {
		c.routes[route] = newGathering()
	}
	return c.routes[route]
}

// takeOthers copies the pages that somebody polls, with their clients.
func (c *collection) takeOthers(t *tracker) {
	byKey := map[uint64]*polled{}
	for key, p := range t.pages.all {
		last := t.pages.lasts[t.pages.find(key)]
		if p.isPolled && p.path != "" && last >= c.since {
			byKey[key] = &polled{page: *p, key: key, last: last}
			c.polled = append(c.polled, byKey[key])
		}
	}
	for _, v := range t.visits.all {
		if p := byKey[v.page]; p != nil {
			p.visits = append(p.visits, *v)
		}
	}
}

// candidates returns evidence of the patterns that cover what is polled.
func (c *collection) candidates() []Evidence {
	var all []Evidence
	for _, p := range group(c.byPath()) {
		g := newGathering()
		g.Pattern, g.Example = p.String(), p.candidates[0].path
		for _, candidate := range p.candidates {
			for _, page := range candidate.pages {
				g.takePolled(page)
			}
		}
		all = append(all, g.evidence())
	}
	slices.SortFunc(all, func(a, b Evidence) int {
		return cmp.Or(cmp.Compare(b.Polls, a.Polls), cmp.Compare(a.Pattern, b.Pattern))
	})
	return all
}

// byPath makes one candidate of each path, in the order of paths.
func (c *collection) byPath() []*candidate {
	slices.SortFunc(c.polled, func(a, b *polled) int { return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.key, b.key)) })
	var all []*candidate
	for _, p := range c.polled {
		if n := len(all); n > 0 && all[n-1].path == p.path {
			all[n-1].pages = append(all[n-1].pages, p)
		} else if s := segments(p.path); s != nil {
			all = append(all, &candidate{p.path, s, []*polled{p}})
		}
	}
	return all
}

// takePolled adds one page to a candidate route.
func (g *gathering) takePolled(p *polled) {
	g.between(p.first, p.last)
	g.Parts[mix(p.key, 0)%Folds].Add(&p.sums)
	g.pages.add(p.key)
	g.PollInterval = max(g.PollInterval, p.pollInterval)
	for i := range p.visits {
		v := &p.visits[i]
		g.visited(v)
		g.identities.add(v.who)
		if v.compared != 0 {
			g.compared.add(v.who)
		}
	}
}
