package guard

import "sync/atomic"

// A Source is where a comparison of what Pollard says with what upstream says
// comes from.
type Source uint8

// The sources.
const (
	Shadow Source = iota // a sample of what was served or pushed, against a real unconditional GET
	DryRun               // traffic that passed anyway, against what would have been answered
	sources
)

// A Result is what a comparison came to.
type Result uint8

// The results.
const (
	Match Result = iota
	Mismatch
	Inconclusive // it may have changed in between, or upstream gave no 200
	results
)

// rare counts what happens seldom enough to be counted in one place.
type rare struct {
	compared      [sources][results]atomic.Uint32
	begun, failed atomic.Uint32
}

// rareCounts is what a rare held at some time, or a difference or sum of such.
type rareCounts struct {
	compared      [sources][results]uint32
	begun, failed uint32
}

// Compared counts n comparisons from source that came to result.
func (m *Monitor) Compared(source Source, result Result, n uint32) {
	m.rare.compared[source][result].Add(n)
}

// WatchBegan counts a watch of a treated actor that was let in.
func (m *Monitor) WatchBegan() { m.rare.begun.Add(1) }

// WatchFailed counts a watch that was let in and that Pollard did not keep: an error of
// its own, or what was due was not written in time. Upstream refusing is no failure,
// nor is the client leaving or its network breaking, nor a drain.
func (m *Monitor) WatchFailed() { m.rare.failed.Add(1) }

// since returns what r has counted since it held last, and moves last up to now.
func (r *rare) since(last *rareCounts) rareCounts {
	now := rareCounts{begun: r.begun.Load(), failed: r.failed.Load()}
	difference := rareCounts{begun: now.begun - last.begun, failed: now.failed - last.failed}
	for s := range r.compared {
		for k := range r.compared[s] {
			now.compared[s][k] = r.compared[s][k].Load()
			difference.compared[s][k] = now.compared[s][k] - last.compared[s][k]
		}
	}
	*last = now
	return difference
}

func (c *rareCounts) add(other *rareCounts) {
	c.begun += other.begun
	c.failed += other.failed
	for s := range c.compared {
		for k := range c.compared[s] {
			c.compared[s][k] += other.compared[s][k]
		}
	}
}

// differing returns the comparisons that differ of those that say something.
func (c *rareCounts) differing(s Source) portion {
	mismatches := c.compared[s][Mismatch]
	return portion{mismatches, mismatches + c.compared[s][Match]}
}

// watches returns the watches that failed. They may have begun long before: where
// more fail than begin, all that is known fails.
func (c *rareCounts) watches() portion {
	return portion{c.failed, max(c.begun, c.failed)}
}
