package observe

import (
	"hash/maphash"
	"strings"
	"time"
)

// look is a sighting with what was found out about it.
type look struct {
	*Sighting
	key      uint64 // of the URL in this variant
	at       int64  // Unix nanoseconds
	tag      uint64 // hash of the tag, compared weakly; 0 where there is none
	interval time.Duration
	state    uint64 // what the client has now; 0 where that is not known
	news     bool   // and did not have before
}

// done returns when it was answered.
func (l *look) done() int64 { return l.at + max(0, int64(l.Took)) }

func (l *look) given() given { return given{l.Who, l.state, l.at, l.done()} }

// defaultInterval is taken until a pace is known, where nobody says an interval: the
// least, so that nothing is promised that the clients' pace does not keep.
const defaultInterval = time.Second

func (o *Observer) look(s *Sighting) look {
	l := look{Sighting: s, key: o.key(s), at: s.Time.UnixNano()}
	if s.Tag != "" {
		l.tag = maphash.String(o.seed, strings.TrimPrefix(string(s.Tag), "W/")) | 1
	}
	return l
}

// key hashes the URL and the variant. The seed is drawn at the start: nobody
// can aim for a place in the tables.
func (o *Observer) key(s *Sighting) uint64 {
	h := maphash.String(o.seed, s.Path)
	h = mix(h, s.Variant)
	if s.Host != "" {
		h = mix(h, maphash.String(o.seed, s.Host))
	}
	if s.Query != "" {
		h = mix(h, maphash.String(o.seed, s.Query)+1)
	}
	if s.Route != "" {
		h = mix(h, maphash.String(o.seed, s.Route)+2)
	}
	return h | 1
}

// mix spreads the pair over all bits (the finalizer of splitmix64).
func mix(a, b uint64) uint64 {
	x := a ^ b*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// settle finds the interval that coalescing would keep: the upstream's within
// what is the default of a route, else the route's, else what is assumed, else
// what the clients keep: here, or kept, as they last did elsewhere on the route. A
// 304 may not say it, so that it is remembered.
func (l *look) settle(p *page, assumed, kept time.Duration) {
	if l.PollInterval > time.Millisecond {
		p.pollInterval = l.PollInterval
	}
	switch {
	case p.pollInterval > 0:
		l.interval = min(max(p.pollInterval, time.Second), time.Minute)
	case l.Interval > 0:
		l.interval = l.Interval
	case assumed > 0:
		l.interval = assumed
	case p.period > 0:
		l.interval = Round(p.period)
	case kept > 0:
		l.interval = Round(kept)
	default:
		l.interval = defaultInterval
	}
}

// Round returns the interval that clients with this period were probably told:
// whole seconds, or tenths below two of them, no longer than the period, within
// the bounds that routes have by default.
func Round(period time.Duration) time.Duration {
	unit := time.Second
	if period < 2*time.Second {
		unit = 100 * time.Millisecond
	}
	return min(max(period.Truncate(unit), shortest), time.Minute)
}
