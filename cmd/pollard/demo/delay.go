package demo

import (
	"slices"
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
)

const (
	rememberedEdits = 100 // of one document
	samples         = 100 // of one column, the newest
)

// Delays are measured from the moment at which the application has made a change to the one at which a column of the page says that it
// shows it, on one clock. A change that was never shown, because another came too soon, counts up to when the later one was.
type delays struct {
	mu      sync.Mutex
	edits   map[string][]edit // by document, oldest first
	columns map[column]*measured
}

// An edit is a change as far as delays need it.
type edit struct {
	legacy.Edit
	at     time.Time
	number int // counts the edits of a document, from 1
}

// A column is one side of one visitor's page.
type column struct {
	side    side
	session string
}

// measured is what is known of a column.
type measured struct {
	view        string // which of the documents that were opened there, one after the other
	number      int    // the edit that it shows
	own, others []time.Duration
}

func newDelays() *delays {
	return &delays{edits: map[string][]edit{}, columns: map[column]*measured{}}
}

// edited takes note of a change.
func (d *delays) edited(e legacy.Edit) {
	d.mu.Lock()
	defer d.mu.Unlock()
	number := 1
	if before := d.edits[e.Path]; len(before) > 0 {
		number = before[len(before)-1].number + 1
	}
	d.edits[e.Path] = last(append(d.edits[e.Path], edit{e, time.Now(), number}), rememberedEdits)
}

// shown takes note that a column shows the state of path with this tag. The first of a view was there when it was opened.
func (d *delays) shown(c column, view, path, tag string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	edits := d.edits[path]
	number := 0
	if i := slices.IndexFunc(edits, func(e edit) bool { return e.Tag == tag }); i >= 0 {
		number = edits[i].number
	}
	m := d.columns[c]
	if m == nil {
		m = &measured{}
		d.columns[c] = m
	}
	if m.view != view {
		m.view, m.number = view, number
		return
	}
	for _, e := range edits {
		if e.number > m.number && e.number <= number {
			m.add(e.Session == c.session, time.Since(e.at))
		}
	}
	m.number = max(m.number, number)
}

func (m *measured) add(own bool, delay time.Duration) {
	if own {
		m.own = last(append(m.own, delay), samples)
		return
	}
	m.others = last(append(m.others, delay), samples)
}

// A delay is how long it took until changes were shown.
type delay struct {
	MS      int64 `json:"ms"` // the median
	Samples int   `json:"samples"`
}

// A delayBy is the delay by who made the change.
type delayBy struct {
	Own    delay `json:"own"` // the visitor, through the proxy
	Others delay `json:"others"`
}

func (d *delays) of(c column) delayBy {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.columns[c]
	if m == nil {
		return delayBy{}
	}
	return delayBy{Own: median(m.own), Others: median(m.others)}
}

func median(all []time.Duration) delay {
	if len(all) == 0 {
		return delay{}
	}
	sorted := slices.Sorted(slices.Values(all))
	middle := (sorted[(len(all)-1)/2] + sorted[len(all)/2]) / 2
	return delay{MS: middle.Milliseconds(), Samples: len(all)}
}

// last returns at most n elements of all, the last ones.
func last[T any](all []T, n int) []T { return all[max(0, len(all)-n):] }
