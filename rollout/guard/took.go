package guard

import (
	"math/bits"
	"time"
)

// Times are counted in buckets of two to an octave, from 66 µs (2^16 ns) to 69 s:
// a time is known to a half of itself, which is finer than what latency is judged by.
const (
	unmeasured = iota
	quickest
	slowest = quickest + 40
	buckets = slowest + 1
)

const grain = 16 // bits of a nanosecond count that the quickest bucket leaves out

func bucketOf(d time.Duration) int {
	if d <= 0 {
		return unmeasured
	}
	length := bits.Len64(uint64(d))
	octave := length - grain
	if octave <= 0 {
		return quickest
	}
	half := int(d>>(length-2)) & 1
	return min(quickest+2*octave-1+half, slowest)
}

// upper returns the time that all in bucket b stay below; the slowest has no bound,
// and returns where one would be.
func upper(b int) time.Duration {
	if b <= quickest {
		return 1 << grain
	}
	octave, half := (b-quickest+1)/2, (b-quickest+1)%2
	floor := time.Duration(1) << (grain + octave - 1)
	return floor + floor/2*time.Duration(1+half)
}

// A histogram counts times by bucket.
type histogram [buckets]uint32

func (h *histogram) add(other *histogram) {
	for b, n := range other {
		h[b] += n
	}
}

// measured returns how many times were counted, without those that were not
// measured.
func (h *histogram) measured() uint32 {
	var n uint32
	for _, c := range h[quickest:] {
		n += c
	}
	return n
}

// beyond returns how many of the times are in buckets after b.
func (h *histogram) beyond(b int) uint32 {
	var n uint32
	for _, c := range h[min(b+1, buckets):] {
		n += c
	}
	return n
}

// quantile returns the time that a share q of the measured ones stay below, 0 if
// there are none.
func (h *histogram) quantile(q float64) time.Duration {
	rest := q * float64(h.measured())
	if rest == 0 {
		return 0
	}
	b := quickest
	for ; b < slowest; b++ {
		if rest -= float64(h[b]); rest <= 0 {
			break
		}
	}
	return upper(b)
}
