package coalescer

// Who asks upstream on behalf of all who watch changes: with what each may be
// given, and at once with what one of them has written.

// next counts one turn more.
func (l *live) next() uint64 {
	l.turns++
	return l.turns
}

// rotate has that one ask for all, from now on, who has not been proven for
// longest. So each of those is who share what one was given.
func (l *live) rotate() *Poll {
	var next *Watch
	for w := range l.watches {
		if next == nil || w.turn < next.turn {
			next = w
		}
	}
	next.turn = l.next()
	l.template = l.watches[next]
	return l.template
}

// hasten has a feed ask at once on behalf of one who has written, though not
// sooner after the last call than the least interval.
func (f *Feed) hasten(w *Watch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.live
	if l == nil || l.watches[w] == nil {
		return
	}
	l.template = l.watches[w]
	if !l.ticking {
		l.timer.Reset(f.untilTick(l.template.Route))
	}
}

// isAwaited reports whether those who watch are to be told of what one of them
// has written since upstream was asked last.
func (f *Feed) isAwaited() bool {
	last := f.called
	if f.asked.After(last) {
		last = f.asked
	}
	return f.live != nil && f.live.template != nil && f.c.writes.since(f.live.template.Writer, last)
}

// adopt has those who watch under a route ask under another.
func (f *Feed) adopt(before, after *Route) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.live == nil {
		return
	}
	for _, p := range f.live.watches {
		if p.Route == before {
			p.Route = after
		}
	}
}
