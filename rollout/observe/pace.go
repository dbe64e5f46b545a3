package observe

import (
	"math"
	"time"
)

// lags is how many tabs of one client can be told apart at one URL.
const lags = 4

// longest bounds the pace that is taken for polling, and shortest is its other
// end.
const (
	shortest = 500 * time.Millisecond
	longest  = 10 * time.Minute
)

// pace is how steadily one client asks for one URL.
//
// A page that is open in k tabs is asked for k times in each period, at odd
// moments: it is the time from each request to the k-th after it that is
// constant. So pace looks at all of them, up to lags.
type pace struct {
	at   [lags]int64   // the last requests, a ring
	n    uint32        // requests since the last break
	raw  bool          // the last was known to the second only
	mean [lags]float32 // of the time from a request to the k-th after it, in seconds; recent ones weigh more
	dev  [lags]float32 // mean absolute deviation from it
}

// beat takes a request at a moment in Unix nanoseconds. It returns the time
// since the one before; repeats is false if there was none, or none for so long
// that the client is taken to have been away. A line of a log that comes late
// counts as if it came with the one before.
func (p *pace) beat(at int64) (gap time.Duration, repeats bool) {
	if p.n > 0 {
		at = max(at, p.at[(p.n-1)%lags])
		gap = time.Duration(at - p.at[(p.n-1)%lags])
	}
	if gap > p.patience() {
		*p, gap = pace{}, 0
	}
	repeats = p.n > 0
	for k := range min(p.n, lags) {
		p.learn(int(k), at-p.at[(p.n-1-k)%lags])
	}
	p.at[p.n%lags] = at
	p.n++
	return gap, repeats
}

// learn takes one time to the request k+1 before.
func (p *pace) learn(k int, ns int64) {
	d := float32(ns) / 1e9
	seen := p.n - uint32(k) // times known, with this one
	if seen == 1 {
		p.mean[k] = d
		return
	}
	weight := max(1/float32(seen), 1.0/16)
	off := d - p.mean[k]
	p.mean[k] += off * weight
	if off < 0 {
		off = -off
	}
	p.dev[k] += (off - p.dev[k]) * weight
}

// patience is how long the client may stay away without having left: four of
// the longest rounds that are known of it. The first few requests may be of
// several tabs that were opened together.
func (p *pace) patience() time.Duration {
	if p.n < 2 {
		return longest
	}
	rounds := 4 * seconds(p.mean[min(p.n-1, lags)-1])
	if p.n <= lags {
		return max(rounds, time.Minute)
	}
	return rounds
}

// tabs returns how many at once seem to poll, each at the pace that period
// returns: the number of steps after which the client is at least twice as
// regular as after fewer. Jitter alone makes k steps more regular than one, by
// the root of k. Times to the second make one step irregular that is not, and
// several no less: a pace of 3.5 s looks like 3, 4, 3, 4, as two tabs would.
func (p *pace) tabs() int {
	var grain float32
	if p.raw {
		grain = coarseness
	}
	best, least := 0, p.deviation(0)
	for k := 1; k < lags && p.n >= uint32(2*k+4); k++ {
		if d := max(p.deviation(k), grain/p.mean[k]) * roots[k]; d < least/2 {
			best, least = k, d
		}
	}
	return best + 1
}

// coarseness is by how much times to the second are taken to be off, in seconds:
// more than the half by which they make one step irregular on average at most.
const coarseness = 0.6

// roots are those of 1, 2, and so on.
var roots = [lags]float32{1, math.Sqrt2, 1.7320508, 2}

// period returns how long one tab waits between two polls.
func (p *pace) period() time.Duration { return seconds(p.mean[p.tabs()-1]) }

// steadiness bounds the mean absolute deviation of what counts as steady, in
// periods. Requests at random have 0.74 (2/e).
const steadiness = 0.25

// isSteady reports whether somebody polls here: four requests and more, at the
// same distance, of half a second to ten minutes.
func (p *pace) isSteady() bool {
	if p.n < 4 {
		return false
	}
	k := p.tabs() - 1
	g := seconds(p.mean[k])
	return g >= shortest && g <= longest && p.deviation(k) <= steadiness
}

// deviation returns the relative deviation of the times to the request k+1
// before.
func (p *pace) deviation(k int) float32 {
	if p.mean[k] <= 0 {
		return math.MaxFloat32
	}
	return p.dev[k] / p.mean[k]
}

func seconds(s float32) time.Duration { return time.Duration(float64(s) * float64(time.Second)) }
