package observe

import (
	"time"
	"unsafe"
)

// Options say how much an [Observer] may learn. The zero value is that of a
// proxy.
type Options struct {
	// Memory bounds what the tables and the paths in them take, in bytes; 0 is
	// 32 MiB, and less than 1 MiB is that. What is then not followed is counted.
	// To it come the routes: at most 128, each 5 KB in each shard, and 4 KB of
	// words.
	Memory int
	// Shards is how many locks there are; 0 is 8. It is rounded up to a power of
	// two. Who has one goroutine alone wants 1.
	Shards int
	// Interval is assumed where neither the route nor the upstream says one;
	// 0 is the pace that clients keep.
	Interval time.Duration
}

const (
	defaultMemory = 32 << 20
	leastMemory   = 1 << 20
	defaultShards = 8
)

func (o Options) withDefaults() Options {
	if o.Memory == 0 {
		o.Memory = defaultMemory
	}
	o.Memory = max(o.Memory, leastMemory)
	if o.Shards <= 0 {
		o.Shards = defaultShards
	}
	shards := 1
	for shards < o.Shards {
		shards *= 2
	}
	o.Shards = shards
	return o
}

// visitsPerPage is how many clients there is room for at a URL on average.
const visitsPerPage = 2

// pagesPerTracker returns how many URLs a tracker can follow: each shard has
// two trackers, and each URL comes with its clients, a document of the dry run,
// and half of the longest path, since only the URLs of one tracker keep theirs.
func (o Options) pagesPerTracker() int {
	each := int(unsafe.Sizeof(page{})+unsafe.Sizeof(trial{})+visitsPerPage*unsafe.Sizeof(visit{})) +
		(2+visitsPerPage)*entryOverhead + maxPath/2
	return o.Memory / (2 * o.Shards * each)
}
