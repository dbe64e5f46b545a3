package guard

import (
	"testing"
	"time"
)

func FuzzBucketsHoldTheirTimes(f *testing.F) {
	for _, d := range []time.Duration{0, 1, 65535, 65536, 98303, 98304, 131072, time.Millisecond, time.Second, time.Minute, time.Hour, -1} {
		f.Add(int64(d))
	}
	f.Fuzz(func(t *testing.T, ns int64) {
		d := time.Duration(ns)
		b := bucketOf(d)
		switch {
		case d <= 0:
			if b != unmeasured {
				t.Errorf("%v is in bucket %d, want it unmeasured", d, b)
			}
		case b == slowest:
			if d < upper(slowest-1) {
				t.Errorf("%v is in the slowest bucket, want it in one that is below %v", d, upper(b))
			}
		case d >= upper(b), b > quickest && d < upper(b-1):
			t.Errorf("%v is in bucket %d, from %v to %v", d, b, upper(b-1), upper(b))
		}
	})
}

func TestBucketsAreWithinAHalf(t *testing.T) {
	for b := quickest + 1; b <= slowest; b++ {
		if ratio := float64(upper(b)) / float64(upper(b-1)); ratio > 1.51 || ratio < 1.3 {
			t.Errorf("bucket %d ends at %v, the one before at %v", b, upper(b), upper(b-1))
		}
	}
}

func TestQuantilesAreUpperBounds(t *testing.T) {
	var h histogram
	if got := h.quantile(0.5); got != 0 {
		t.Errorf("of nothing: got %v, want 0", got)
	}
	h[unmeasured] = 1000
	for range 98 {
		h[bucketOf(40*time.Millisecond)]++
	}
	h[bucketOf(time.Second)] += 2
	tests := []struct {
		q    float64
		want int
	}{
		{0.5, bucketOf(40 * time.Millisecond)},
		{0.98, bucketOf(40 * time.Millisecond)},
		{0.99, bucketOf(time.Second)},
		{1, bucketOf(time.Second)},
	}
	for _, test := range tests {
		if got := h.quantile(test.q); got != upper(test.want) {
			t.Errorf("quantile %v: got %v, want %v", test.q, got, upper(test.want))
		}
	}
}
