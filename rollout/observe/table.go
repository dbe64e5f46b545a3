package observe

// ways is how many places an entry can stand in. Their keys fill a cache line.
const ways = 8

// table is a hash table of fixed size. What finds no room takes the place of
// what nobody came back to for the longest time. It never takes the place of
// what is still being polled, so that what is followed is followed to its end,
// and the rest not at all.
type table[E any] struct {
	keys    []uint64 // 0 is free
	lasts   []int64  // when each was last seen, in Unix nanoseconds
	untils  []int64  // it keeps its place until then
	entries []E
	mask    uint64 // sets less one
}

// entryOverhead is what table adds to each entry, in bytes.
const entryOverhead = 24

// newTable makes a table of at least ways and at most n entries.
func newTable[E any](n int) table[E] {
	sets := 1
	for sets*2*ways <= n {
		sets *= 2
	}
	n = sets * ways
	return table[E]{
		keys: make([]uint64, n), lasts: make([]int64, n), untils: make([]int64, n), entries: make([]E, n),
		mask: uint64(sets - 1),
	}
}

// find returns the place of the entry with this key, or -1.
func (t *table[E]) find(key uint64) int {
	base := int(key&t.mask) * ways
	for i, k := range t.keys[base : base+ways] {
		if k == key {
			return base + i
		}
	}
	return -1
}

// admit returns a place for an entry that is not there, or -1 if at now all that
// could hold it are kept. What the entry held before is left for the
// caller to look at, and to clear.
func (t *table[E]) admit(key uint64, now int64) int {
	base := int(key&t.mask) * ways
	best := -1
	for i := base; i < base+ways; i++ {
		if t.keys[i] == 0 {
			best = i
			break
		}
		if t.untils[i] <= now && (best < 0 || t.left(i) < t.left(best)) {
			best = i
		}
	}
	if best >= 0 {
		t.keys[best], t.untils[best] = key, 0
	}
	return best
}

// left returns when nobody was known to come back any more.
func (t *table[E]) left(i int) int64 { return max(t.untils[i], t.lasts[i]) }

// all yields every entry with its key.
func (t *table[E]) all(yield func(uint64, *E) bool) {
	for i, key := range t.keys {
		if key != 0 && !yield(key, &t.entries[i]) {
			return
		}
	}
}
