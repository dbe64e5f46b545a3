package coalescer_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// documents is how many BenchmarkStored holds beside ten: make bench-store asks for a million.
var documents = flag.Int("documents", 10_000, "how many documents the store is measured with")

// BenchmarkStored is hits of documents in turn, where there are few and where there are many: CPU time, since machines are
// shared, and heap and pauses while so many are held.
func BenchmarkStored(b *testing.B) {
	for _, n := range []int{10, *documents} {
		keys := make([]coalescer.Key, n)
		c, before := coalescer.New(coalescer.Options{
			Documents: n, StoredBytes: 1 << 40, Idle: time.Hour,
			Transport: lean(func(*http.Request) (string, string) { return `W/"v1"`, strings.Repeat("x", 1<<10) }),
		}), heap()
		poll := fill(b, c, keys)
		grown := heap() - before
		b.Run(fmt.Sprintf("%d documents", n), func(b *testing.B) {
			pauses, began := pausesOf(), processorTime()
			var next atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				p := *poll
				for i := int(next.Add(7919)); pb.Next(); i += 7919 {
					p.Key = keys[i%n]
					if a, err := c.Next(context.Background(), &p); err != nil || a.How != coalescer.Hit {
						b.Errorf("got %+v, %v, want a hit", a, err)
						return
					}
				}
			})
			b.StopTimer()
			b.ReportMetric(float64(processorTime()-began)/float64(b.N), "cpu-ns/op")
			for range 3 {
				runtime.GC()
			}
			b.ReportMetric(pausesOf().longest(pauses).Seconds()*1e6, "pause-µs")
			b.ReportMetric(float64(grown)/float64(n), "heap-B/document")
			b.ReportMetric(float64(grown)/float64(c.Usage().StoredBytes), "heap/accounted")
		})
		c.Close()
	}
}

// processorTime returns what the process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // only for a bad address
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// fill has c hold a document for each of the keys, which it makes, and returns a poll that lacks but the key.
func fill(tb testing.TB, c *coalescer.Coalescer, keys []coalescer.Key) *coalescer.Poll {
	policy := usual()
	policy.Interval, policy.MaxInterval, policy.Audit = time.Hour, time.Hour, time.Hour
	s := scene{t: tb, route: newRoute(policy)}
	for i := range keys {
		p := s.poll("alice", fmt.Sprint("/project/-/issues/", i, "/realtime_changes"))
		keys[i] = p.Key
		if _, err := c.Next(context.Background(), p); err != nil {
			tb.Fatal(err)
		}
	}
	return s.poll("alice", "/any", `If-None-Match: W/"v1"`)
}

// pauses is how often the garbage collector stopped everything for how long.
type pauses struct{ *metrics.Float64Histogram }

func pausesOf() pauses {
	sample := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(sample)
	return pauses{sample[0].Value.Float64Histogram()}
}

// longest returns the longest pause since, at most.
func (p pauses) longest(since pauses) (d time.Duration) {
	for i, n := range p.Counts {
		if n > since.Counts[i] {
			d = time.Duration(p.Buckets[i+1] * float64(time.Second))
		}
	}
	return d
}
