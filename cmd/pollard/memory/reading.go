package memory

import "runtime/metrics"

// collections is the metric that counts them; bytes are those whose sum is what a collection
// leaves: what lives on the heap, stacks, and what the runtime needs for itself. Garbage is not in
// it, nor what was given back.
const collections = "/gc/cycles/total:gc-cycles"

func parts() []string {
	return []string{
		"/gc/heap/live:bytes",
		"/memory/classes/heap/stacks:bytes",
		"/memory/classes/os-stacks:bytes",
		"/memory/classes/metadata/mspan/inuse:bytes",
		"/memory/classes/metadata/mcache/inuse:bytes",
		"/memory/classes/metadata/other:bytes",
		"/memory/classes/profiling/buckets:bytes",
		"/memory/classes/other:bytes",
	}
}

// reading is what was in use after the last collection.
type reading struct {
	bytes       int64
	collections uint64
}

func read() (r reading) {
	samples := []metrics.Sample{{Name: collections}}
	for _, name := range parts() {
		samples = append(samples, metrics.Sample{Name: name})
	}
	metrics.Read(samples)
	r.collections = samples[0].Value.Uint64()
	for _, s := range samples[1:] {
		r.bytes += int64(s.Value.Uint64())
	}
	return r
}
