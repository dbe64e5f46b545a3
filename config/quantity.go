package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

// day is the longest that anything may be told to wait: beyond it, a wrong unit
// is likelier than an intention.
const day = 24 * time.Hour

var errOutOfBounds = errors.New("is out of bounds")

// within says in words which values from..to admits, and refuses the others.
func within[T int | int64 | time.Duration](k kind[T], from, to T, show func(T) string) kind[T] {
	k.bounds = show(from) + " to " + show(to)
	parse, bounds := k.parse, k.bounds
	k.parse = func(s string) (T, error) {
		v, err := parse(s)
		if errors.Is(err, errOutOfBounds) || err == nil && (v < from || v > to) {
			return 0, fmt.Errorf("%w; want %s", errOutOfBounds, bounds)
		}
		return v, err
	}
	return k
}

// duration is a Go duration in from..to. A bare number other than 0 is refused:
// half of its readers would take it for seconds and the others for milliseconds.
func duration(from, to time.Duration) kind[time.Duration] {
	k := kind[time.Duration]{name: "duration", example: "3s", parse: parseDuration}
	return within(k, from, to, showDuration)
}

// moment is a time (RFC 3339).
func moment() kind[time.Time] {
	parse := func(s string) (time.Time, error) {
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return t, errors.New("is not a time; want one of RFC 3339, such as 2026-01-31T18:00:00Z")
		}
		return t, nil
	}
	return kind[time.Time]{name: "time", example: "2026-01-31T18:00:00Z", parse: parse}
}

// auto is an interval that each document finds for itself.
const auto time.Duration = -1

// orAuto accepts the word auto, too.
func orAuto(k kind[time.Duration]) kind[time.Duration] {
	parse := k.parse
	k.name += " or auto"
	k.parse = func(s string) (time.Duration, error) {
		if s == "auto" {
			return auto, nil
		}
		return parse(s)
	}
	return k
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err == nil {
		return d, nil
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return 0, errors.New("has no unit; want one such as 3s, 1500ms or 2m")
	}
	return 0, errors.New("is not a duration; want a number and a unit such as 3s, 1500ms or 1m30s")
}

// showDuration is d without units that are zero: 24h, not 24h0m0s.
func showDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// unit is a suffix of sizes and its bytes.
type unit struct {
	suffix string
	bytes  int64
}

// units returns the suffixes of sizes, those that end another one after it.
func units() []unit {
	return []unit{
		{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
		{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1},
	}
}

// size is a number of bytes in from..to.
func size(from, to int64) kind[int64] {
	k := kind[int64]{name: "size", example: "64KiB", parse: parseSize}
	return within(k, from, to, showSize)
}

func parseSize(s string) (int64, error) {
	digits, factor := s, int64(1)
	for _, u := range units() {
		if number, ok := strings.CutSuffix(s, u.suffix); ok {
			digits, factor = strings.TrimRight(number, " "), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) || err == nil && n > math.MaxInt64/factor:
		return 0, errOutOfBounds
	case err != nil:
		return 0, errors.New("is not a size; want bytes, as a whole number or with a unit such as 64KiB or 10MB")
	}
	return n * factor, nil
}

// showSize is n in the largest unit that divides it.
func showSize(n int64) string {
	for _, u := range []unit{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.bytes && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.suffix
		}
	}
	return strconv.FormatInt(n, 10)
}

// count is a whole number in from..to.
func count(from, to int) kind[int] {
	k := kind[int]{name: "number", example: "1000", form: bare, parse: parseCount}
	return within(k, from, to, strconv.Itoa)
}

func parseCount(s string) (int, error) {
	n, err := strconv.Atoi(s)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, errOutOfBounds
	case err != nil:
		return 0, errors.New("is not a whole number; want digits only")
	}
	return n, nil
}

// percent is a percentage in whole thousandths. It is read from its text: a
// float would move actors.
func percent() kind[rollout.Percent] {
	parse := func(s string) (rollout.Percent, error) {
		p, err := rollout.ParsePercent(s)
		if err != nil {
			return 0, errors.New("is not a percentage; want 0 to 100 with at most three decimals, without a percent sign, such as 12.5")
		}
		return p, nil
	}
	return kind[rollout.Percent]{name: "percentage", example: "12.5", bounds: "0 to 100, three decimals", parse: parse}
}
