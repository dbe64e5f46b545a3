package rollout

import "hash/crc32"

// bucket returns the share below which actor is off, 0 to 99999, by the formula of
// Flipper's percentage_of_actors: operators who roll out other things with Flipper
// find the same actors on, given the same flag.
func bucket(flag, actor string) Percent {
	return Percent(^update(update(^uint32(0), flag), actor) % uint32(Everyone))
}

// holdoutBucket returns the share of held out actors below which actor is not one
// of them. A CRC is linear: with another prefix alone the sums of all actors of one
// length would differ from those of bucket by the same bits, and for some lengths
// the two draws would hang together: of the actors on at 1 %, none would be held out,
// or four times as many as should. So the sum is mixed (MurmurHash3's fmix32, which
// avalanches).
func holdoutBucket(flag, actor string) Percent {
	h := ^update(update(update(^uint32(0), "pollard_holdout_"), flag), actor)
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	h ^= h >> 16
	return Percent(h % uint32(Everyone))
}

// update is crc32.Update with the IEEE polynomial, on the complement of the sum.
// The standard library's takes a slice that escapes: a copy per poll.
func update(crc uint32, s string) uint32 {
	for i := range len(s) {
		crc = crc32.IEEETable[byte(crc)^s[i]] ^ crc>>8
	}
	return crc
}
