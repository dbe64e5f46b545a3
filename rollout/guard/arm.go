package guard

import "github.com/pollard-proxy/pollard/rollout"

// A side is one of the two that are compared.
type side uint8

const (
	treated side = iota
	untreated
	sides
)

func sideOf(a rollout.Arm) side {
	if a == rollout.Treated {
		return treated
	}
	return untreated
}

// groups is the number of groups that actors are spread over by their hash. They
// serve twice: those who count seldom meet on one cache line, and a difference
// that comes from a few actors shows as one between groups.
const groups = 16

func groupOf(actor uint64) int { return int(mix(actor) >> 60) }

// mix spreads what x holds over all of its bits (the finalizer of MurmurHash3): an
// actor may be a CRC, which has nothing in its upper half.
func mix(x uint64) uint64 {
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
