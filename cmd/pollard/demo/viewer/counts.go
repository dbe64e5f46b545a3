package viewer

import "sync"

// Counts are what a crowd has done, and what went wrong for it.
type Counts struct {
	Polls   uint64 // sent
	Pushed  uint64 // states that came without being asked for
	Stopped uint64 // times that a page stopped polling for good because of an error; none are to be expected
	Foreign uint64 // answers that were made for somebody else; one is too many
	Why     string // the first error of either kind
}

type counter struct {
	mu     sync.Mutex
	counts Counts
}

func (c *counter) load() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

func (c *counter) poll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Polls++
}

func (c *counter) pushed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Pushed++
}

func (c *counter) stopped(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Stopped++
	c.because(why)
}

func (c *counter) foreign(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Foreign++
	c.because(why)
}

func (c *counter) because(why error) {
	if c.counts.Why == "" {
		c.counts.Why = why.Error()
	}
}
