package demo

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// bar is the width of the bar beside a reduction, in characters.
const bar = 16

// columns are as wide as an 80-column terminal allows up to the reduction; what comes after it may be cut off.
const columns = "%-23s %9s %7s %9s %6s %9s %9s  %s"

// rates are polls and calls per second by route name, and for all routes under "". A route that is missing has none to show.
type rates map[string]rate

type rate struct{ polls, calls float64 }

// table shows a scene, one route per line. FLEET SAW is the application's own count beside what the proxy says it sent: the two are equal,
// or someone is wrong.
func table(sc scene, now rates) string {
	var b strings.Builder
	fmt.Fprintf(&b, columns+"  %s\n", "ROUTE", "POLLS IN", "/s", "CALLS OUT", "/s", "FLEET SAW", "REDUCTION", pad(""), "STAGE")
	for _, r := range sc.Rows {
		line(&b, r, now)
	}
	total := sum(sc.routes())
	all := RouteTotals{Name: "total", Polls: total.Polls, Upstream: total.Upstream, Reduction: total.Reduction}
	line(&b, row{all, sc.received()}, rates{all.Name: now[""]})
	fmt.Fprintf(&b, "\nanswers that went to the wrong viewer: %d    pages stopped by an error: %d\n", sc.Counts.Foreign, sc.Counts.Stopped)
	return b.String()
}

func line(b *strings.Builder, r row, now rates) {
	text := fmt.Sprintf(columns+"  %s", r.Name, grouped(r.Polls), perSecond(now[r.Name].polls),
		grouped(r.Upstream), perSecond(now[r.Name].calls), grouped(r.Received), percentage(r.Reduction), pad(gauge(r.Reduction)), r.Stage)
	fmt.Fprintln(b, strings.TrimRight(text, " "))
}

// percentage shows a part of one, and a dash for what is not known yet.
func percentage(part *float64) string {
	if part == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*(*part))
}

// gauge draws a part of one; less than nothing is drawn as nothing.
func gauge(part *float64) string {
	if part == nil {
		return ""
	}
	full := min(bar, max(0, int(*part*bar+0.5)))
	return strings.Repeat("█", full) + strings.Repeat("░", bar-full)
}

// pad makes a gauge, or none, as wide as a full one. Its characters are of several bytes, which %-16s would count.
func pad(gauge string) string {
	return gauge + strings.Repeat(" ", bar-utf8.RuneCountInString(gauge))
}

func perSecond(n float64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", n)
}

// grouped writes n with its thousands apart.
func grouped(n uint64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
