package coalescer_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// warm returns a coalescer that holds n documents, and polls that each bring
// the tag they have or none.
func warm(tb testing.TB, n, size int, lines ...string) (*coalescer.Coalescer, []*coalescer.Poll) {
	s := newScene(tb, coalescer.Options{}, usual())
	s.c.Close()
	s.route.Interval, s.route.MaxInterval, s.route.Audit = time.Hour, time.Hour, time.Hour
	c := coalescer.New(coalescer.Options{
		Transport: lean(func(*http.Request) (string, string) { return `W/"v1"`, strings.Repeat("x", size) }),
	})
	tb.Cleanup(c.Close)
	polls := make([]*coalescer.Poll, n)
	for i := range polls {
		polls[i] = s.poll("alice", fmt.Sprint("/doc/", i), lines...)
		if _, err := c.Next(context.Background(), polls[i]); err != nil {
			tb.Fatal(err)
		}
	}
	return c, polls
}

// hits are the polls that are answered from memory.
var hits = []struct {
	name        string
	size        int
	line        string
	notModified bool
}{
	{"304", 1 << 10, `If-None-Match: W/"v1"`, true},
	{"304 of a list", 1 << 10, `If-None-Match: "v0", W/"v1"`, true},
	{"200 of 1 KB", 1 << 10, "Accept: */*", false},
	{"200 of 20 KB", 20 << 10, "Accept: */*", false},
}

func TestAHitDoesNotAllocate(t *testing.T) {
	for _, tt := range hits {
		t.Run(tt.name, func(t *testing.T) {
			c, polls := warm(t, 1, tt.size, tt.line)
			ctx := context.Background()
			allocs := testing.AllocsPerRun(1000, func() {
				a, err := c.Next(ctx, polls[0])
				if err != nil || a.How != coalescer.Hit || a.NotModified != tt.notModified {
					t.Fatalf("got %+v, %v, want a hit", a, err)
				}
			})
			if allocs != 0 {
				t.Errorf("%v allocations, want none", allocs)
			}
		})
	}
}

func BenchmarkHit(b *testing.B) {
	for _, tt := range hits {
		b.Run(tt.name, func(b *testing.B) {
			c, polls := warm(b, 1, tt.size, tt.line)
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Next(ctx, polls[0]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParallelHits(b *testing.B) {
	for _, documents := range []int{1, 1000} {
		b.Run(fmt.Sprintf("of %d documents", documents), func(b *testing.B) {
			c, polls := warm(b, documents, 1<<10, `If-None-Match: W/"v1"`)
			var next atomic.Int64
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := int(next.Add(7919)); pb.Next(); i++ {
					if _, err := c.Next(context.Background(), polls[i%documents]); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// BenchmarkMiss is a poll of a document that nobody polled before, where
// another has to make room.
func BenchmarkMiss(b *testing.B) {
	c := coalescer.New(coalescer.Options{
		Documents: 1000,
		Transport: lean(func(*http.Request) (string, string) { return `W/"v1"`, "body" }),
	})
	defer c.Close()
	s := scene{t: b, route: newRoute(usual())}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := c.Next(context.Background(), s.poll("alice", fmt.Sprint("/doc/", i))); err != nil {
			b.Fatal(err)
		}
	}
}
