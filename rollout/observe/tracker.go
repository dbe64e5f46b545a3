package observe

// tracker follows pages and the visits to them.
type tracker struct {
	pages  table[page]
	visits table[visit]
}

func newTracker(pages int) tracker {
	return tracker{newTable[page](pages), newTable[visit](pages * visitsPerPage)}
}

// page returns the place of what is known of a URL, making room for it if need
// be; -1 if there is none.
func (t *tracker) page(l *look) int {
	i := t.pages.find(l.key)
	if i < 0 {
		if i = t.pages.admit(l.key, l.at); i < 0 {
			return -1
		}
		t.pages.entries[i].retire()
		t.pages.entries[i] = page{first: l.at}
	}
	t.pages.lasts[i] = l.at
	return i
}

// visit returns the place of what is known of a client at a URL, likewise.
func (t *tracker) visit(l *look) int {
	key := mix(l.key, l.Who) | 1
	i := t.visits.find(key)
	if i < 0 {
		if i = t.visits.admit(key, l.at); i < 0 {
			return -1
		}
		t.visits.entries[i] = visit{page: l.key, who: l.Who}
	}
	t.visits.lasts[i] = l.at
	return i
}

// saw takes a sighting at the page in place i.
func (t *tracker) saw(l *look, i int) {
	p := &t.pages.entries[i]
	p.sums.tally(l)
	j := t.visit(l)
	if j < 0 {
		p.crowded(l)
		return
	}
	v := &t.visits.entries[j]
	p.follow(l, v)
	until := l.at + int64(v.stays(l))
	t.visits.untils[j] = until
	t.pages.untils[i] = max(t.pages.untils[i], until)
}
