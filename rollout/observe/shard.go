package observe

import (
	"cmp"
	"strings"
	"sync"
	"time"
)

// shard is the part of an observer that one lock guards: some URLs, with all of
// their clients.
type shard struct {
	mu sync.Mutex

	// Guarded by mu.
	covered tracker // by routes
	others  tracker
	trials  table[trial]
	routes  map[string]*route
	_       [64]byte // locks share no cache line
}

func (sh *shard) init(pages int) {
	sh.covered, sh.others = newTracker(pages), newTracker(pages)
	sh.trials = newTable[trial](2 * pages)
	sh.routes = map[string]*route{}
}

// saw takes a sighting; assumed is the interval where nothing says one.
func (sh *shard) saw(l *look, assumed time.Duration) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if l.Route == "" {
		sh.sawOther(l, assumed)
		return
	}
	r := sh.route(l)
	r.note(l)
	if !sh.sawCovered(l, r, assumed) {
		r.unfollowed++
	}
	if l.Document != 0 && l.state != 0 {
		sh.try(l, r)
	}
}

// sawOther looks at what no route covers. Only what is there can be polled, and
// nobody polls what never changes.
func (sh *shard) sawOther(l *look, assumed time.Duration) {
	if l.Status != 304 && l.Status/100 != 2 || isStatic(l.Path) {
		return
	}
	if i := sh.others.page(l); i >= 0 {
		l.settle(&sh.others.pages.entries[i], assumed, 0)
		sh.others.saw(l, i)
	}
}

func (sh *shard) sawCovered(l *look, r *route, assumed time.Duration) bool {
	t := &sh.covered
	i := t.page(l)
	if i < 0 {
		return false
	}
	p := &t.pages.entries[i]
	if in := l.at / slot; p.home == nil || p.slot != in {
		p.retire()
		p.home, p.slot = r.fold(l.key, in), in
	}
	l.settle(p, assumed, r.period)
	before := p.sums.Same + p.sums.Differed
	t.saw(l, i)
	r.period = cmp.Or(p.period, r.period)
	if p.sums.Same+p.sums.Differed > before {
		r.compared.add(l.Who)
	}
	return true
}

func (sh *shard) route(l *look) *route {
	if r := sh.routes[l.Route]; r != nil {
		return r
	}
	name := strings.Clone(l.Route)
	if len(sh.routes) >= maxRoutes {
		name = other
	}
	if sh.routes[name] == nil {
		sh.routes[name] = newRoute(l.at)
	}
	return sh.routes[name]
}

func (sh *shard) try(l *look, r *route) {
	key := mix(l.Document, 0) | 1
	i := sh.trials.find(key)
	if i < 0 {
		if i = sh.trials.admit(key, l.at); i < 0 {
			return
		}
		sh.trials.entries[i] = trial{}
	}
	sh.trials.lasts[i] = l.at
	r.try(l, &sh.trials.entries[i])
}
