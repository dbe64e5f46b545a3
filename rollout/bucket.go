package rollout

import "hash/crc32"

// bucket returns the share below which actor is off, 0 to 99999, by the formula of
// Flipper's percentage_of_actors: operators who roll out other things with Flipper
// find the same actors on, given the same flag.
func bucket(flag, actor string) Percent {
	return Percent(^update(update(^uint32(0), flag), actor) % uint32(Everyone))
}

// update is crc32.Update with the IEEE polynomial, on the complement of the sum.
// The standard library's takes a slice that escapes: a copy per poll.
func update(crc uint32, s string) uint32 {
	for i := range len(s) {
		crc = crc32.IEEETable[byte(crc)^s[i]] ^ crc>>8
	}
	return crc
}
