package advice

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/rollout/observe"
)

// grouped writes 1210 as 1,210.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// percent writes 0.667 as 67 %, and more exactly where that would be 100.
func percent(x float64) string {
	if x < 1 && x > 0.99 {
		return strconv.FormatFloat(math.Floor(x*1000)/10, 'f', 1, 64) + " %"
	}
	return strconv.FormatFloat(math.Round(x*100)+0, 'f', 0, 64) + " %"
}

// String writes an estimate as 67 % (61 to 72).
func (x Estimate) String() string {
	if x.Low == nil || x.High == nil {
		return percent(x.Point)
	}
	return fmt.Sprintf("%s (%.0f to %.0f)", percent(x.Point), math.Round(*x.Low*100)+0, math.Round(*x.High*100)+0)
}

// needs says how much more of something it takes, and how long that takes at the
// rate of the evidence.
func needs(have, want uint64, e *observe.Evidence, what string) string {
	more := want - have
	noun := what + "s"
	if strings.HasSuffix(what, "y") {
		noun = strings.TrimSuffix(what, "y") + "ies"
	}
	if more == 1 {
		noun = what
	}
	seen := e.Until.Sub(e.Since)
	if have == 0 || seen <= 0 {
		return fmt.Sprintf("needs %s more %s", grouped(more), noun)
	}
	wait := time.Duration(float64(seen) * float64(more) / float64(have))
	return fmt.Sprintf("needs about %s more %s, at this rate %s", grouped(more), noun, span(wait))
}

// span writes a duration roughly, in one unit.
func span(d time.Duration) string {
	for _, u := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if n := float64(d) / float64(u.of); n >= 2 || u.of == time.Second {
			return fmt.Sprintf("%.0f %ss", max(n, 2), u.name)
		}
	}
	return ""
}

// name makes the name of a route from the words of a pattern.
func name(pattern string) string {
	var words []string
	word := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }
	for _, w := range strings.FieldsFunc(strings.ToLower(pattern), word) {
		words = append(words, w)
	}
	for len(words) > 1 && len(strings.Join(words, "_")) > maxName {
		words = words[1:]
	}
	joined := strings.Join(words, "_")
	switch joined {
	case "", "other":
		return "polled"
	}
	return joined[:min(len(joined), maxName)]
}

// maxName leaves room for a number within the 64 that a name may have.
const maxName = 60
