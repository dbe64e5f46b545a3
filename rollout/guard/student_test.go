package guard

import (
	"math"
	"testing"
)

// From tables of Student's t.
func TestQuantilesAreStudents(t *testing.T) {
	tests := []struct {
		p       float64
		freedom int
		want    float64
	}{
		{0.975, 1, 12.706},
		{0.975, 2, 4.303},
		{0.975, 3, 3.182},
		{0.975, 5, 2.571},
		{0.975, 10, 2.228},
		{0.975, 30, 2.042},
		{0.975, 63, 1.998},
		{0.975, 126, 1.979},
		{0.975, 1_000_000, 1.960},
		{0.999, 1, 318.309},
		{0.999, 2, 22.327},
		{0.999, 3, 10.215},
		{0.999, 15, 3.733},
		{0.999, 30, 3.385},
		{0.999, 1_000_000, 3.090},
	}
	for _, test := range tests {
		if got := studentQuantile(test.p, test.freedom); math.Abs(got-test.want) > 0.0006 {
			t.Errorf("quantile %v of t with %d degrees: got %.4f, want %.3f", test.p, test.freedom, got, test.want)
		}
	}
}
