package coalescer

// LockStore takes every lock that documents come and go under, and returns what
// gives them back.
func (c *Coalescer) LockStore() (unlock func()) {
	for i := range c.documents.shards {
		c.documents.shards[i].mu.Lock()
	}
	c.documents.places.mu.Lock()
	return func() {
		c.documents.places.mu.Unlock()
		for i := range c.documents.shards {
			c.documents.shards[i].mu.Unlock()
		}
	}
}

// Books returns what the feeds that are there amount to, one by one.
func (c *Coalescer) Books() (documents, bytes int64) {
	for i := range c.documents.shards {
		s := &c.documents.shards[i]
		s.mu.Lock()
		for f := s.order.oldest; f != nil; f = f.seat.newer {
			documents++
			bytes += f.seat.size
		}
		s.mu.Unlock()
	}
	return documents, bytes
}
