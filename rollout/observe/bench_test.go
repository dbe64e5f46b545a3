package observe

import (
	"fmt"
	"testing"
	"time"
)

// fleet is traffic of many clients that poll many documents every three
// seconds, each at its own moment.
func fleet(route string, documents, clients int) []Sighting {
	var all []Sighting
	for c := range clients {
		d := c % documents
		all = append(all, Sighting{
			Time: day.Add(3 * time.Second * time.Duration(c) / time.Duration(clients)), Took: 20 * time.Millisecond,
			Route: route, Host: "git.example.com", Path: fmt.Sprintf("/group-%d/project-%d/-/issues/%d/realtime_changes", d%37, d%91, d),
			Who: uint64(c) + 1, Document: uint64(c) + 1, Status: 200, Tag: `W/"0123456789abcdef0123456789abcdef"`,
			Body: uint64(d) + 1, Bytes: 300, PollInterval: 3 * time.Second,
		})
	}
	return all
}

func BenchmarkSaw(b *testing.B) {
	for _, route := range []string{"", "issue_changes"} {
		for _, shards := range []int{1, 8} {
			b.Run(fmt.Sprintf("route=%s/shards=%d", route, shards), func(b *testing.B) {
				o, polls := New(Options{Shards: shards}), fleet(route, 3000, 10000)
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					s := &polls[i]
					o.Saw(s)
					s.Time = s.Time.Add(3 * time.Second)
					if i++; i == len(polls) {
						i = 0
					}
				}
			})
		}
	}
}

func BenchmarkSawParallel(b *testing.B) {
	o := New(Options{})
	b.RunParallel(func(pb *testing.PB) {
		polls := fleet("issue_changes", 3000, 10000)
		for i := 0; pb.Next(); i = (i + 1) % len(polls) {
			o.Saw(&polls[i])
			polls[i].Time = polls[i].Time.Add(3 * time.Second)
		}
	})
}

func TestSawDoesNotAllocate(t *testing.T) {
	for _, route := range []string{"", "issue_changes"} {
		o, polls := New(Options{}), fleet(route, 30, 100)
		round := func() {
			for i := range polls {
				o.Saw(&polls[i])
				polls[i].Time = polls[i].Time.Add(3 * time.Second)
			}
		}
		round()
		round()
		if got := testing.AllocsPerRun(20, round); got != 0 {
			t.Errorf("route %q: %v allocations in %d sightings, want none", route, got, len(polls))
		}
	}
}

var day = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
