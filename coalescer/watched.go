package coalescer

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// watched is what each identity watches, so that what is heard of one reaches
// its documents without a search. A watch is in it from before it enters its
// feed until after it has left.
type watched struct {
	mu sync.Mutex
	by map[Identity][]*Watch // guarded by mu
}

func newWatched() *watched { return &watched{by: map[Identity][]*Watch{}} }

func (ws *watched) add(w *Watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.by[w.who] = append(ws.by[w.who], w)
}

func (ws *watched) remove(w *Watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	theirs := ws.by[w.who]
	i, last := slices.Index(theirs, w), len(theirs)-1
	theirs[i], theirs[last] = theirs[last], nil
	if last == 0 {
		delete(ws.by, w.who)
		return
	}
	ws.by[w.who] = theirs[:last]
}

// of returns the watches of an identity.
func (ws *watched) of(who Identity) []*Watch {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return slices.Clone(ws.by[who])
}

// feeds returns the feeds that are watched by anybody.
func (ws *watched) feeds() []*Feed {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	found := map[*Feed]struct{}{}
	for _, theirs := range ws.by {
		for _, w := range theirs {
			found[w.feed] = struct{}{}
		}
	}
	return slices.Collect(maps.Keys(found))
}

// Wrote says that upstream answered an unsafe request of this writer with
// success: whatever was asked for before is stale for it, and what it watches
// is asked for at once. It must be told before the writer sees the answer.
func (c *Coalescer) Wrote(writer Identity) {
	c.writes.note(writer, time.Now())
	c.void(writer)
	for _, w := range c.watched.of(writer) {
		w.feed.hasten(w)
	}
}

// SignedOut says that the session of an identity is over, as it said itself: its
// watches end, and what it was given before it is given no more. It must be told
// before the answer is seen.
func (c *Coalescer) SignedOut(who Identity) {
	c.writes.note(who, time.Now())
	c.void(who)
	for _, w := range c.watched.of(who) {
		w.feed.end(&Ended{Status: http.StatusUnauthorized}, by(who))
	}
}

// Adopt has those who watch under a route go on under another, which holds from
// now on: its interval and its lease are other ones.
func (c *Coalescer) Adopt(before, after *Route) {
	for _, f := range c.watched.feeds() {
		f.adopt(before, after)
	}
}

// Retire ends the watches under a route whose documents are other ones from now
// on: who watches is to ask again.
func (c *Coalescer) Retire(r *Route) {
	for _, f := range c.watched.feeds() {
		f.end(&Ended{Status: http.StatusServiceUnavailable, Reconnect: true}, func(p *Poll) bool { return p.Route == r })
	}
}
