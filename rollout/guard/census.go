package guard

import (
	"math"
	"math/bits"
	"sync/atomic"
)

// bins is the number of bins that the actors of an arm are spread over by their
// hash. What bins differ by tells how far off their sum may be: whatever the actors
// of a bin do, and however that hangs together from hour to hour, a bin is one
// observation.
const bins = 64

// words is the length of a bin's bitmap, in words of 64 bits.
const words = 32

// A census counts the actors of an arm and their calls, by bin. It takes 17 KB.
type census struct {
	seen  [bins][words]atomic.Uint64 // a bit of each actor, since the last time collected
	calls [bins]atomic.Uint64
}

func (c *census) acted(actor uint64) {
	x := mix(actor)
	word, bit := &c.seen[x>>58][x>>6%words], uint64(1)<<(x%64)
	if word.Load()&bit == 0 { // nearly always set: nobody writes to what all read
		word.Or(bit)
	}
}

func (c *census) called(actor uint64) { c.calls[mix(actor)>>58].Add(1) }

// A population is the actors and calls of an arm, by bin.
type population [bins]struct{ actors, calls float64 }

// count returns what was counted since the last time collected.
func (c *census) count() *population {
	p := new(population)
	for b := range p {
		empty := 0
		for w := range c.seen[b] {
			empty += 64 - bits.OnesCount64(c.seen[b][w].Load())
		}
		p[b].actors = distinct(empty, words*64)
		p[b].calls = float64(c.calls[b].Load())
	}
	return p
}

// collect is count, and counts from none again.
func (c *census) collect() *population {
	p := c.count()
	for b := range c.seen {
		for w := range c.seen[b] {
			c.seen[b][w].Store(0)
		}
		c.calls[b].Store(0)
	}
	return p
}

// distinct returns how many actors left so many of all places empty (linear counting:
// Whang, Vander-Zanden, Taylor 1990). With a bin's bitmap it is good for ten thousand,
// 600,000 an arm and hour, to within 1 % of an arm; of more it returns no more.
func distinct(empty, all int) float64 {
	return float64(all) * math.Log(float64(all)/float64(max(empty, 1)))
}

// different returns about how many actors acted in whichever hours, by how many bins
// none of them is in; at most 266.
func (p *population) different() uint32 {
	empty := 0
	for _, b := range p {
		if b.actors == 0 {
			empty++
		}
	}
	return uint32(distinct(empty, bins))
}

func (p *population) add(other *population) {
	for b := range p {
		p[b].actors += other[b].actors
		p[b].calls += other[b].calls
	}
}

// sums returns the actors and calls of all bins.
func (p *population) sums() (actors, calls float64) {
	for _, b := range p {
		actors += b.actors
		calls += b.calls
	}
	return actors, calls
}
