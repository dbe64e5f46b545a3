package guard

import (
	"cmp"
	"fmt"
	"time"
)

// A poll is slow when it took over slowFactor times what untreated ones take, and
// slowGrace: nobody who polls notices less.
const (
	slowFactor = 2
	slowGrace  = 10 * time.Millisecond
)

// slow returns what is slow in the next round, by the untreated polls before it: at
// least so many. A share of polls being slow is compared rather than percentiles,
// because a share is what evidence is gathered for.
func (f *figures) slow(least uint32) limits {
	before := &f.recent[untreated].took
	if before.measured() < least {
		before = &f.long.polls[untreated].took
	}
	if before.measured() < least {
		return nothingIsSlow
	}
	beyond := func(q float64) int { return bucketOf(slowFactor*before.quantile(q) + slowGrace) }
	return limits{tail: beyond(0.99), mid: beyond(0.5)}
}

func (m *Monitor) judgeLatency(f *figures) Verdict {
	w := f.window(m.options.Polls, tails)
	t, u := &w[treated].took, &w[untreated].took
	v := Verdict{Guard: Latency, Treated: latencyFigure(t), Untreated: latencyFigure(u)}
	figures := fmt.Sprintf("treated %s, untreated %s", percentiles(t), percentiles(u))
	tail, tailReason := m.judge(comparison{&m.suspects.tail, tails, m.options.Tail}, w)
	middle, middleReason := m.judge(comparison{&m.suspects.middle, middles, m.options.Middle}, w)
	lacking := m.lacking(w[treated].sum(tails), w[untreated].sum(tails))
	switch {
	case tail == Fail, middle == Fail:
		return v.say(Fail, figures, "")
	case u.measured() == 0 && t.measured() > 0:
		return v.say(Hold, figures, alone)
	case lacking != "":
		return v.say(Hold, figures, lacking)
	}
	return v.say(min(tail, middle), figures, cmp.Or(tailReason, middleReason))
}

func latencyFigure(h *histogram) Figure {
	return Figure{Value: h.quantile(0.99).Seconds(), N: uint64(h.measured())}
}

// percentiles returns the median and the 99th percentile as an operator reads them.
func percentiles(h *histogram) string {
	n := h.measured()
	if n == 0 {
		return "none of 0"
	}
	return fmt.Sprintf("p50 %s, p99 %s of %s",
		roughly(h.quantile(0.5)), roughly(h.quantile(0.99)), thousands(uint64(n)))
}
