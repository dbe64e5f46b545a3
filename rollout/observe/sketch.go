package observe

import (
	"math"
	"math/bits"
)

// sketch counts distinct hashes in 256 bytes, to 7 % (HyperLogLog, Flajolet et
// al. 2007, with linear counting where there are few).
type sketch [256]uint8

// add takes a hash of any quality.
func (s *sketch) add(hash uint64) {
	h := mix(hash, 0)
	i := h >> 56
	if rank := uint8(bits.LeadingZeros64(h<<8|1<<7) + 1); rank > s[i] {
		s[i] = rank
	}
}

// merge takes all that o has seen.
func (s *sketch) merge(o *sketch) {
	for i, rank := range o {
		s[i] = max(s[i], rank)
	}
}

func (s *sketch) count() uint64 {
	const m = float64(len(s))
	sum, empty := 0.0, 0.0
	for _, rank := range s {
		sum += math.Ldexp(1, -int(rank))
		if rank == 0 {
			empty++
		}
	}
	estimate := 0.7213 / (1 + 1.079/m) * m * m / sum
	if estimate <= 2.5*m && empty > 0 {
		estimate = m * math.Log(m/empty)
	}
	return uint64(math.Round(estimate))
}
