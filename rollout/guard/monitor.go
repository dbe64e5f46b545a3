package guard

import (
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

// A Monitor counts how the polls of one route fare and judges it. It takes 105 KB,
// whatever the traffic. Its methods may be called from anywhere at once.
type Monitor struct {
	// set by New, then read-only
	options Options

	// counted by whoever answers
	cells [groups][sides]cell
	rare  rare

	// guarded by mu
	mu       sync.Mutex
	stage    rollout.Stage
	last     [groups][sides]counts // of the cells, when the last round was closed
	lastRare rareCounts
	closed   time.Time // when that was
	slow     limits    // in the next round
	recent   window[round]
	long     window[period]
	suspects suspects
	standing map[string]standing // of the guards, by name
}

// suspects is what has been gathered against the route, by what it is suspected of.
type suspects struct {
	errors, ours, tail, middle, stale, shadow, dryRun, watches evidence
}

// standing is since when a guard has had its outcome.
type standing struct {
	outcome Outcome
	since   time.Time
}

// roundLength is what a round takes. Who judges once a second is a little early every
// other time: were a whole second asked for, every other round would take two.
const (
	roundLength = time.Second
	leastRound  = roundLength * 9 / 10
)

// A window is kept in twelve slots, and again as one of the sixty of a long window.
const (
	slotsOfWindow = 12
	windowsOfLong = 60
)

// A period is what was counted in one window.
type period struct {
	polls round
	rare  rareCounts
}

func (p *period) add(other *period) {
	p.polls.add(&other.polls)
	p.rare.add(&other.rare)
}

// New returns a monitor of a route that stands at stage since now.
func New(now time.Time, stage rollout.Stage, o Options) *Monitor {
	o = o.withDefaults()
	m := &Monitor{
		options: o,
		recent:  newWindow[round](slotsOfWindow, o.Window/slotsOfWindow),
		long:    newWindow[period](windowsOfLong, o.Window),
	}
	m.Moved(now, stage)
	return m
}

// Moved forgets everything: from now on the route stands at stage, perhaps at
// another percentage, and who is treated is not who was.
func (m *Monitor) Moved(now time.Time, stage rollout.Stage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stage = stage
	m.collect()
	m.slow = nothingIsSlow
	m.rare.since(&m.lastRare)
	m.closed = now
	m.recent.clear()
	m.long.clear()
	m.suspects = suspects{}
	m.standing = make(map[string]standing)
}

// collect returns what was counted since it was last called.
func (m *Monitor) collect() *round {
	r := new(round)
	for g := range m.cells {
		for s := range m.cells[g] {
			c := m.cells[g][s].since(&m.last[g][s])
			r[s].count(g, &c, m.slow)
		}
	}
	return r
}

// advance closes a round if it is time.
func (m *Monitor) advance(now time.Time) {
	if now.Sub(m.closed) < leastRound {
		return
	}
	m.closed = now
	p := &period{polls: *m.collect(), rare: m.rare.since(&m.lastRare)}
	m.weigh(&p.polls)
	m.weighRare(&p.rare)
	m.recent.at(now).add(&p.polls)
	m.long.at(now).add(p)
}

// weigh takes a round for evidence.
func (m *Monitor) weigh(r *round) {
	t, u := &r[treated], &r[untreated]
	m.suspects.errors.compare(t.sum(failures), u.sum(failures), m.options.Errors)
	m.suspects.tail.compare(t.sum(tails), u.sum(tails), m.options.Tail)
	m.suspects.middle.compare(t.sum(middles), u.sum(middles), m.options.Middle)
	m.suspects.ours.limit(t.sum(owns), m.options.Ours)
	m.suspects.stale.limit(portion{t.stale, t.dated}, m.options.Stale)
}

func (m *Monitor) weighRare(c *rareCounts) {
	m.suspects.shadow.limit(c.differing(Shadow), m.options.Mismatch)
	m.suspects.dryRun.limit(c.differing(DryRun), m.options.Mismatch)
	m.suspects.watches.limit(c.watches(), m.options.Watch)
}

// figures are what is known when a route is judged.
type figures struct {
	recent round  // of the window
	long   period // of the long one
}

func (m *Monitor) figures(now time.Time) *figures {
	f := new(figures)
	for r := range m.recent.recent(now) {
		f.recent.add(r)
	}
	for p := range m.long.recent(now) {
		f.long.add(p)
	}
	return f
}

// window returns the shortest window that has the least number of polls, by what is
// to be compared. Untreated polls are not waited for where there are none.
func (f *figures) window(least uint32, of aspect) *round {
	t, u := f.recent[treated].sum(of).of, f.recent[untreated].sum(of).of
	alone := f.long.polls[untreated].sum(of).of == 0
	if t >= least && (u >= least || alone) {
		return &f.recent
	}
	return &f.long.polls
}
