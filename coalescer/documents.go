package coalescer

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// shards spreads the documents over as many locks, so that polls of different
// documents rarely meet.
const shards = 64

// documents are the feeds by key, bounded in number and bytes and forgotten
// when nobody polled them for a while. One is evicted at a time, the least
// recently polled first, and none that a call or a waiter holds.
type documents struct {
	// Set by newDocuments, then read-only.
	maxCount int64
	maxBytes int64
	idle     time.Duration

	count   atomic.Int64
	bytes   atomic.Int64
	evicted atomic.Int64
	shards  [shards]shard
	places  *places
}

type shard struct {
	mu    sync.Mutex
	feeds *simplelru.LRU[Key, *entry] // guarded by mu, like what it holds
}

// entry is a feed in the store.
type entry struct {
	feed *Feed
	size int64     // bytes accounted for, what it has in common with others apart
	body *content  // which it has in common with others; may be nil
	pins int       // polls and calls that use it now
	used time.Time // last
}

func newDocuments(o Options) *documents {
	d := &documents{maxCount: int64(o.Documents), maxBytes: o.StoredBytes, idle: o.Idle, places: newPlaces()}
	for i := range d.shards {
		feeds, err := simplelru.NewLRU[Key, *entry](o.Documents+shards, nil) // bounded by us, in all
		if err != nil {
			panic(err) // only for a size below one
		}
		d.shards[i].feeds = feeds
	}
	return d
}

func (d *documents) shard(k Key) *shard {
	return &d.shards[(k.Target[0]^k.Identity[0])%shards]
}

// acquire returns the feed of what p asks for, which stays until it is released.
func (d *documents) acquire(p *Poll, c *Coalescer) *Feed {
	k := p.Key
	s := d.shard(k)
	s.mu.Lock()
	h, ok := s.feeds.Get(k)
	if !ok {
		h = &entry{feed: &Feed{key: k, url: p.URL, share: p.Route.Share, c: c, born: time.Now()}, size: snapshotOverhead}
		s.feeds.Add(k, h)
		d.places.add(h.feed)
		d.count.Add(1)
		d.bytes.Add(h.size)
	}
	h.pins++
	h.used = time.Now()
	s.mu.Unlock()
	if !ok {
		d.shrink()
	}
	return h.feed
}

// use returns the feed of a key as one that was polled just now; nil if there is none. It may be evicted meanwhile.
func (d *documents) use(k Key, now time.Time) *Feed {
	s := d.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.feeds.Get(k)
	if !ok {
		return nil
	}
	h.used = now
	return h.feed
}

// pin keeps a feed that is already acquired once more.
func (d *documents) pin(k Key) {
	s := d.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if h, ok := s.feeds.Peek(k); ok {
		h.pins++
	}
}

// release lets go of a feed.
func (d *documents) release(k Key) {
	s := d.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if h, ok := s.feeds.Peek(k); ok {
		h.pins--
		h.used = time.Now()
	}
}

// account accounts for what a feed holds now, and the bytes of its events.
func (d *documents) account(k Key, held *Snapshot, events int64) {
	s := d.shard(k)
	s.mu.Lock()
	if h, ok := s.feeds.Peek(k); ok {
		d.bytes.Add(h.take(held, events))
	}
	s.mu.Unlock()
	d.shrink()
}

// take notes what the feed holds, nil if nothing, and what of its past, and returns by how many bytes
// that is more than before. What is held in common counts once.
func (h *entry) take(s *Snapshot, events int64) (more int64) {
	var body *content
	if s != nil {
		body = s.content
	}
	more = s.size() + events - h.size
	h.size += more
	if body != h.body {
		more += body.shared() - h.body.left()
		h.body = body
	}
	return more
}

// peek returns the feed of a key without using it; nil if there is none.
func (d *documents) peek(k Key) *Feed {
	s := d.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if h, ok := s.feeds.Peek(k); ok {
		return h.feed
	}
	return nil
}

// shrink evicts until the bounds hold: whoever adds makes room. Where
// everything is in use the bounds give way.
func (d *documents) shrink() {
	for d.exceeded() {
		s := d.coldest()
		if s == nil {
			return
		}
		s.mu.Lock()
		if d.exceeded() && d.evict(s, nil) {
			d.evicted.Add(1)
		}
		s.mu.Unlock()
	}
}

// coldest returns the shard whose oldest feed was polled before those of all
// others, nil if none can go. Asking all of them is dear, but few large
// documents spread over many shards have no other order.
func (d *documents) coldest() (coldest *shard) {
	var used time.Time
	for i := range d.shards {
		s := &d.shards[i]
		s.mu.Lock()
		if _, h := s.oldest(); h != nil && (coldest == nil || h.used.Before(used)) {
			coldest, used = s, h.used
		}
		s.mu.Unlock()
	}
	return coldest
}

func (d *documents) exceeded() bool {
	return d.count.Load() > d.maxCount || d.bytes.Load() > d.maxBytes
}

// oldest returns the shard's least recently used feed that nobody holds, nil if
// there is none. It looks no further than a few: those who are held were used
// just now, and go to the other end.
func (s *shard) oldest() (Key, *entry) {
	for range 8 {
		k, h, ok := s.feeds.GetOldest()
		if !ok {
			break
		}
		if h.pins == 0 {
			return k, h
		}
		s.feeds.Get(k)
	}
	return Key{}, nil
}

// evict drops the shard's oldest feed, if it satisfies when or that is nil.
func (d *documents) evict(s *shard, when func(*entry) bool) bool {
	k, h := s.oldest()
	if h == nil || when != nil && !when(h) {
		return false
	}
	s.feeds.Remove(k)
	d.places.remove(h.feed)
	d.count.Add(-1)
	d.bytes.Add(-h.size - h.body.left())
	return true
}

// expire drops what nobody polled for the idle time.
func (d *documents) expire(now time.Time) {
	stale := func(h *entry) bool { return now.Sub(h.used) > d.idle }
	for i := range d.shards {
		s := &d.shards[i]
		s.mu.Lock()
		for range 1024 { // a bounded stay under the lock
			if !d.evict(s, stale) {
				break
			}
		}
		s.mu.Unlock()
	}
}
