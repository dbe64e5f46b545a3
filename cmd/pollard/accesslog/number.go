package accesslog

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// digits reads a number that is nothing but digits; at most 19 of them.
func digits(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 19 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, n >= 0 // 19 digits can be more than an int64 holds
}

func leadingDigits(b []byte) int {
	n := 0
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return n
}

// scaled reads the digits behind a decimal point in units of 10^-places; what is
// smaller is cut off.
func scaled(b []byte, places int) (n int64) {
	for i := range places {
		n *= 10
		if i < len(b) {
			n += int64(b[i] - '0')
		}
	}
	return n
}

// parseDuration reads a decimal number of units.
func parseDuration(b []byte, unit time.Duration) (time.Duration, bool) {
	whole, fraction, _ := bytes.Cut(b, []byte("."))
	n, ok := digits(whole)
	if !ok || leadingDigits(fraction) != len(fraction) || n > int64(math.MaxInt64/unit)-1 {
		return parseFloatDuration(b, unit)
	}
	return time.Duration(n)*unit + time.Duration(scaled(fraction, 9))*unit/time.Second, true
}

// parseFloatDuration reads what Ruby makes of little: 4.1e-05.
func parseFloatDuration(b []byte, unit time.Duration) (time.Duration, bool) {
	f, err := strconv.ParseFloat(string(b), 64)
	ns := f * float64(unit)
	if err != nil || !(ns >= 0 && ns < math.MaxInt64) {
		return 0, false
	}
	return time.Duration(ns), true
}
