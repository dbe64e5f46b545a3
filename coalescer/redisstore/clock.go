package redisstore

import "time"

// reading is one look at Redis' clock: it showed redis at some moment between
// before and after, which are this process' own.
type reading struct {
	before, after time.Time
	redis         int64 // microseconds
}

// known reports whether there was a look.
func (r reading) known() bool { return !r.before.IsZero() }

// local returns when Redis' clock showed at, or a moment before.
func (r reading) local(at int64) time.Time {
	return r.before.Add(time.Duration(at-r.redis) * time.Microsecond)
}

// remote returns what Redis' clock showed at t, or a little less. It may be
// written down for others: it makes nothing younger than it is.
func (r reading) remote(t time.Time) int64 {
	return r.redis + floor(t.Sub(r.after))
}

// floor returns d in whole microseconds, rounded down.
func floor(d time.Duration) int64 {
	us := d / time.Microsecond
	if d%time.Microsecond < 0 {
		us--
	}
	return int64(us)
}
