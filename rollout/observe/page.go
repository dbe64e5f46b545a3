package observe

import (
	"strings"
	"time"
)

// page is one URL in one variant.
type page struct {
	sums Sums   // not yet in home
	home *Sums  // where they go, nil if on no route
	slot int64  // that home is of
	path string // set once a client comes back, if on no route

	first        int64         // when it was first seen
	period       time.Duration // that tabs keep, as last seen
	pollInterval time.Duration // as upstream last said
	isPolled     bool          // by somebody at a steady pace

	due       int64 // coalescing as one document would ask again
	probeDue  int64 // under changes, the probe would
	circleDue int64 // under verified, those who were given the same would

	covered   int64  // Open is summed up to then
	changedTo uint64 // newest state that is counted
	changedAt int64
	duel      duel
	tag       uint64 // of the state that the duel is about
}

// follow takes what a client did here.
func (p *page) follow(l *look, v *visit) {
	s := &p.sums
	gap, repeats := v.pace.beat(l.at)
	v.pace.raw = l.Coarse
	if repeats {
		p.repeated(l, v, gap)
	} else {
		s.Visits++
	}
	v.take(l, s)
	if v.knock(l) {
		s.Unguarded++
	}
	p.noteNews(l)
	p.replay(l, v)
	p.compare(l, v)
}

func (p *page) repeated(l *look, v *visit, gap time.Duration) {
	s := &p.sums
	s.Repeats++
	p.period = v.pace.period()
	s.Watched += p.period
	s.Attended += gap
	s.Open += p.cover(l.at, gap)
	if v.pace.isSteady() {
		s.Steady++
		p.isPolled = p.isPolled || l.Status == 304 || l.Status/100 == 2
	}
	if p.path == "" && l.Route == "" && len(l.Path) <= maxPath {
		p.path = strings.Clone(l.Path)
	}
}

// maxPath bounds the paths that are remembered, in bytes. Longer ones are in no
// pattern.
const maxPath = 256

// cover returns how much longer somebody is now known to have been here.
func (p *page) cover(at int64, gap time.Duration) time.Duration {
	from := max(p.covered, at-int64(gap))
	p.covered = max(p.covered, at)
	return max(0, time.Duration(at-from))
}

// crowded takes a poll of a client that there is no room to follow.
func (p *page) crowded(l *look) {
	s := &p.sums
	s.Untracked++
	s.Watched += p.period
	if asks(l, &p.due) {
		s.Together++
	}
	switch l.Status {
	case 200:
		l.state = l.Body
	default:
		l.state = refusal(l)
	}
}

// noteNews counts a new state of the document once, whoever brings it.
func (p *page) noteNews(l *look) {
	if !l.news {
		return
	}
	p.sums.Refetches++
	if l.state != p.changedTo || l.at-p.changedAt > int64(l.interval) {
		p.sums.Changes++
	}
	p.changedTo, p.changedAt = l.state, l.at
}

// compare holds the state of this identity against that of another.
func (p *page) compare(l *look, v *visit) {
	if l.state == 0 || l.Bypass != "" {
		return
	}
	s := &p.sums
	switch p.duel.meet(l.given(), l.interval, &v.compared) {
	case agreed:
		p.agree(l)
	case changed:
		s.Same++
	case differed:
		s.Differed++
	case unresolved:
		s.Unresolved++
	}
	if p.duel.given == l.given() {
		p.tag = l.tag
	}
}

// agree counts two identities with one state. That both are refused says nothing.
func (p *page) agree(l *look) {
	if l.refuses() {
		return
	}
	s := &p.sums
	s.Same++
	switch {
	case l.tag == 0 || p.tag == 0:
	case l.tag == p.tag:
		s.TagsSame++
	default:
		s.TagsApart++
	}
}

// retire hands in what was counted.
func (p *page) retire() {
	if p.home != nil {
		p.home.Add(&p.sums)
		p.sums = Sums{}
	}
}

// tally takes what the answer says of itself.
func (s *Sums) tally(l *look) {
	s.Polls++
	count(&s.Conditional, l.Conditional)
	count(&s.NotModified, l.Status == 304)
	count(&s.Refused, l.refuses())
	count(&s.Failed, l.Status >= 500 || l.Status == 429 || l.Status == 408)
	count(&s.Bypassed, l.Bypass != "")
	count(&s.SetsCookie, l.SetsCookie)
	count(&s.NoStore, l.NoStore)
	count(&s.Hashed, l.Body != 0)
	count(&s.Tagged, l.tag != 0)
	count(&s.Untagged, l.Status == 200 && l.tag == 0 && l.Body != 0)
}

func count(n *uint64, is bool) {
	if is {
		*n++
	}
}
