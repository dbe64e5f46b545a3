package coalescer

import "time"

// looks bounds how many feeds are looked at for one to evict. Where so many were
// polled since they were ranked, the one of them that was polled first goes.
const looks = 64

// shrink evicts until the bounds hold: whoever adds makes room. Where everything
// is in use the bounds give way.
func (d *documents) shrink() {
	for d.exceeded() && d.evict() {
		d.evicted.Add(1)
	}
}

func (d *documents) exceeded() bool {
	return d.count.Load() > d.maxCount || d.bytes.Load() > d.maxBytes.Load()
}

// evict drops the feed that was polled before all others, as far as that can be
// told by a bounded number of looks, each at the shard whose oldest is the oldest.
// No lock is held for more than one of them.
func (d *documents) evict() bool {
	var first *Feed
	now := d.at(time.Now())
	for range looks {
		s := d.coldest()
		if s == nil {
			break
		}
		now++ // the next look is at another shard, even if the clock stands still
		f, isCold := s.look(now, 0)
		switch {
		case f == nil:
		case isCold && d.drop(f):
			return true
		case first == nil || f.seat.used.Load() < first.seat.used.Load():
			first = f
		}
	}
	return first != nil && d.drop(first)
}

// coldest returns the shard whose oldest feed stands before those of all others;
// nil if there is none. It takes no lock.
func (d *documents) coldest() (coldest *shard) {
	age := int64(never)
	for i := range d.shards {
		if a := d.shards[i].age.Load(); a < age {
			coldest, age = &d.shards[i], a
		}
	}
	return coldest
}

// drop takes a feed out, unless somebody holds it.
func (d *documents) drop(f *Feed) bool {
	size, isOut := d.shard(&f.key).drop(f)
	if isOut {
		d.count.Add(-1)
		d.bytes.Add(-size)
	}
	return isOut
}

// sweepAtMost bounds how many feeds of a shard are looked at in one sweep.
const sweepAtMost = 1024

// expire drops what nobody polled for the idle time; what was polled after it was
// ranked, at the latest when that time has passed twice.
func (d *documents) expire(now time.Time) {
	since := d.at(now) - int64(d.idle)
	for i := range d.shards {
		s := &d.shards[i]
		for n := 0; n < sweepAtMost && s.age.Load() < since; n++ {
			if f, isCold := s.look(d.at(now), since); isCold {
				d.drop(f)
			}
		}
	}
}
