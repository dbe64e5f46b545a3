package coalescer

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// shards spreads the documents over as many locks, so that those that come and
// go rarely meet.
const shards = 64

// shard is a part of the documents.
type shard struct {
	mu    sync.Mutex   // held for assignments; who polls what is there does not take it
	index index        // read without mu
	order order        // guarded by mu
	age   atomic.Int64 // the use by which its oldest stands first; never if it has none; set under mu
}

// never is the age of a shard that is empty.
const never = math.MaxInt64

func (d *documents) shard(k *Key) *shard { return &d.shards[(k.Target[0]^k.Identity[0])%shards] }

// peek returns the feed of a key without using it; nil if there is none.
func (s *shard) peek(k *Key) *Feed {
	if f := s.index.find(k); f != nil {
		return f
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index.find(k)
}

// enter has a feed of p held, a new one where there is none; who reads the index
// finds it when it has all that the store knows of it.
func (s *shard) enter(p *Poll, c *Coalescer, now int64) (f *Feed, isNew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f = s.index.find(&p.Key); f != nil {
		f.seat.hold() // it leaves under mu
		return f, false
	}
	f = &Feed{key: p.Key, url: p.URL, share: p.Route.Share, born: time.Now(), c: c}
	f.seat.size = snapshotOverhead
	f.seat.pins.Store(1)
	f.seat.used.Store(now)
	c.documents.places.add(f)
	s.order.add(f, now)
	s.noteAge()
	s.index.add(f)
	return f, true
}

// drop takes a feed out that nobody holds, and returns the bytes that it was
// accounted for.
func (s *shard) drop(f *Feed) (size int64, isOut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !f.seat.leave() {
		return 0, false
	}
	s.index.remove(f)
	s.order.remove(f)
	s.noteAge()
	f.c.documents.places.remove(f)
	return f.seat.size + f.seat.body.left(), true
}

// look returns the feed whose turn it is to go; nil if there is none, or somebody
// holds it. It isCold if nobody has used it since it was ranked, or not since the
// given time; else it is ranked anew, which is its second chance.
func (s *shard) look(now, since int64) (f *Feed, isCold bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f = s.order.oldest; f == nil {
		return nil, false
	}
	used := f.seat.used.Load()
	switch {
	case f.seat.pins.Load() > 0:
		s.rank(f, now)
		return nil, false
	case used <= max(f.seat.ranked, since):
		return f, true
	}
	s.rank(f, used)
	return f, false
}

// rank puts a feed last.
func (s *shard) rank(f *Feed, used int64) {
	s.order.remove(f)
	s.order.add(f, used)
	s.noteAge()
}

// noteAge lets those who look for the coldest shard know its age.
func (s *shard) noteAge() {
	age := int64(never)
	if s.order.oldest != nil {
		age = s.order.oldest.seat.ranked
	}
	s.age.Store(age)
}
