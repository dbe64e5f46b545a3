package coalescer

import (
	"sync/atomic"
	"time"
)

// documents are the feeds by key, bounded in number and bytes and forgotten
// when nobody polled them for a while. One is evicted at a time, the least
// recently polled first, or nearly so, and none that a call or a waiter holds.
//
// A poll of what is there takes no lock: it finds the feed in the index, holds
// it, and says when that was. Only what comes and goes takes the lock of its
// shard.
type documents struct {
	// Set by newDocuments, then read-only.
	maxCount int64
	idle     time.Duration
	opened   time.Time // when the store's clock began, in nanoseconds

	maxBytes atomic.Int64
	count    atomic.Int64
	bytes    atomic.Int64
	evicted  atomic.Int64
	shards   [shards]shard
	places   *places
}

func newDocuments(o Options) *documents {
	d := &documents{maxCount: int64(o.Documents), idle: o.Idle, opened: time.Now(), places: newPlaces()}
	d.maxBytes.Store(o.StoredBytes)
	for i := range d.shards {
		d.shards[i].age.Store(never)
	}
	return d
}

// at returns a time on the store's clock.
func (d *documents) at(t time.Time) int64 { return int64(t.Sub(d.opened)) }

// acquire returns the feed of what p asks for, which stays until it is released.
func (d *documents) acquire(p *Poll, c *Coalescer) *Feed {
	s, now := d.shard(&p.Key), d.at(time.Now())
	if f := s.index.find(&p.Key); f != nil && f.seat.hold() {
		f.seat.used.Store(now)
		return f
	}
	f, isNew := s.enter(p, c, now)
	if isNew {
		d.count.Add(1)
		d.bytes.Add(snapshotOverhead)
		d.shrink()
	}
	return f
}

// use returns the feed of a key as one that was polled just now; nil if there is none, or if it was being moved. It may be
// evicted meanwhile.
func (d *documents) use(k *Key, now time.Time) *Feed {
	f := d.shard(k).index.find(k)
	if f != nil {
		f.seat.used.Store(d.at(now))
	}
	return f
}

// pin keeps a feed that is already acquired once more.
func (d *documents) pin(f *Feed) { f.seat.pins.Add(1) }

// release lets go of a feed.
func (d *documents) release(f *Feed) {
	f.seat.used.Store(d.at(time.Now()))
	f.seat.pins.Add(-1)
}

// account accounts for what a feed holds now, and the bytes of its events; unless
// it has left.
func (d *documents) account(f *Feed, held *Snapshot, events int64) {
	s := d.shard(&f.key)
	s.mu.Lock()
	if f.seat.pins.Load() != gone {
		d.bytes.Add(f.seat.take(held, events))
	}
	s.mu.Unlock()
	d.shrink()
}

// peek returns the feed of a key without using it; nil if there is none.
func (d *documents) peek(k Key) *Feed { return d.shard(&k).peek(&k) }
