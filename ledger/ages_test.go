package ledger_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pollard-proxy/pollard/ledger"
)

func TestAgesHaveQuantiles(t *testing.T) {
	r := ledger.New(prometheus.NewRegistry()).Route("issues")
	serve := func(n int, age time.Duration) {
		for range n {
			r.Staleness(age)
		}
	}
	if v, ok := r.Ages().Quantile(0.5); ok {
		t.Errorf("got %v before anything was served", v)
	}
	serve(10, 1500*time.Millisecond)
	first := r.Ages()
	serve(90, 20*time.Second)
	serve(10, time.Hour)
	tests := []struct {
		name string
		ages ledger.Ages
		q    float64
		want float64
	}{
		{"half of one bucket", first, 0.5, 1.5},
		{"all of one bucket", first, 1, 2},
		{"since the start", r.Ages(), 0.5, 22.5},
		{"since a reading", r.Ages().Since(first), 0.45, 22.5},
		{"since no reading", first.Since(nil), 0.5, 1.5},
		{"beyond the last bound", r.Ages(), 0.99, 300},
	}
	for _, test := range tests {
		if got, ok := test.ages.Quantile(test.q); !ok || got != test.want {
			t.Errorf("%s: got %v, %v, want %v", test.name, got, ok, test.want)
		}
	}
	if v, ok := r.Ages().Since(r.Ages()).Quantile(0.5); ok {
		t.Errorf("got %v of a time in which nothing was served", v)
	}
}
