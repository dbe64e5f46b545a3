package guard

import "math"

// studentQuantile returns what Student's t with the given degrees of freedom, at
// least 1, stays below with probability p, 0.5 to 0.9999.
func studentQuantile(p float64, freedom int) float64 {
	low, high := 0.0, 1e4
	for range 60 {
		middle := (low + high) / 2
		if studentCDF(middle, max(freedom, 1)) < p {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// manyDegrees is where t is taken to be normal: at 99.9 % it is off by less than a
// hundredth.
const manyDegrees = 2000

// studentCDF returns the probability of a t of at most t, for t ≥ 0 (Abramowitz and
// Stegun, 26.7.3 and 26.7.4).
func studentCDF(t float64, freedom int) float64 {
	if freedom > manyDegrees {
		return (1 + math.Erf(t/math.Sqrt2)) / 2
	}
	angle := math.Atan(t / math.Sqrt(float64(freedom)))
	sin, cos := math.Sincos(angle)
	odd := freedom % 2
	term, sum := 1.0, 1.0
	if odd == 1 {
		term = cos
		sum = cos
	}
	for k := 2 + odd; k <= freedom-2; k += 2 {
		term *= cos * cos * float64(k-1) / float64(k)
		sum += term
	}
	switch {
	case odd == 0:
		return (1 + sin*sum) / 2
	case freedom == 1:
		return 0.5 + angle/math.Pi
	}
	return 0.5 + (angle+sin*sum)/math.Pi
}
