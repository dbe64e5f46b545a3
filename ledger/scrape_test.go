package ledger_test

import (
	"fmt"
	"io"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pollard-proxy/pollard/ledger"
)

func TestHistogramsAreNativeBesideTheClassicBuckets(t *testing.T) {
	reg := prometheus.NewRegistry()
	r := ledger.New(reg).Route("issues")
	r.Staleness(1500 * time.Millisecond)
	r.Delivery(3 * time.Millisecond)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if h := m.GetHistogram(); h != nil && h.Schema != nil {
				seen++
				if len(h.GetBucket()) == 0 || len(h.GetPositiveSpan()) == 0 {
					t.Errorf("%s: got %d classic buckets and %d native spans, want both", family.GetName(), len(h.GetBucket()), len(h.GetPositiveSpan()))
				}
			}
		}
	}
	if seen != 2 {
		t.Errorf("got %d native histograms, want staleness and delivery", seen)
	}
}

// BenchmarkScrapeOfAThousandRoutes is what a Prometheus costs an instance each time it
// asks, as text.
func BenchmarkScrapeOfAThousandRoutes(b *testing.B) {
	reg := prometheus.NewRegistry()
	l := ledger.New(reg)
	for i := range 1000 {
		r := l.Route(fmt.Sprintf("route_%d", i))
		r.Poll(ledger.Hit)
		r.Bypass("range")
		for age := time.Millisecond; age < time.Minute; age *= 2 {
			r.Staleness(age)
			r.Took(ledger.Fetched, age)
			r.Delivery(age)
		}
	}
	h := promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		n, err := io.Copy(io.Discard, w.Result().Body)
		if err != nil {
			b.Fatal(err)
		}
		size = int(n)
	}
	b.ReportMetric(float64(size), "bytes/scrape")
}

// BenchmarkStaleness is on the path of every poll that is answered from memory.
func BenchmarkStaleness(b *testing.B) {
	r := ledger.New(prometheus.NewRegistry()).Route("issues")
	b.ReportAllocs()
	for b.Loop() {
		r.Staleness(1500 * time.Millisecond)
	}
}

// BenchmarkTook is on the path of every poll.
func BenchmarkTook(b *testing.B) {
	r := ledger.New(prometheus.NewRegistry()).Route("issues")
	b.ReportAllocs()
	for b.Loop() {
		r.Took(ledger.Hit, 20*time.Microsecond)
	}
}
