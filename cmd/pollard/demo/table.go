package demo

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// bar is the width of the bar beside a reduction, in characters.
const bar = 16

// columns are as wide as an 80-column terminal allows up to the reduction; what comes after it may be cut off.
const columns = "%-23s %9s %8s %8s %9s %9s %9s  %s"

// A rate is of polls and calls per second, all routes together.
type rate struct{ polls, calls float64 }

// table shows a scene, one route per line. FLEET SAW is the application's own count beside what the proxy says it sent: the two are equal,
// or someone is wrong. AVOIDED is no count, but modelled: polls that watchers would have sent.
func table(sc scene, now rate) string {
	var b strings.Builder
	fmt.Fprintf(&b, columns+"  %s\n", "ROUTE", "POLLS IN", "AVOIDED", "WATCHERS", "CALLS OUT", "FLEET SAW", "REDUCTION", pad(""), "STAGE")
	for _, r := range sc.Rows {
		line(&b, r)
	}
	total := sum(sc.routes())
	all := RouteTotals{Name: "total", Polls: total.Polls, Avoided: total.Avoided, Upstream: total.Upstream, Reduction: total.Reduction, Watchers: sc.watchers()}
	line(&b, row{all, sc.received()})
	fmt.Fprintf(&b, "\nper second: %.1f polls in, %.1f calls out    states pushed: %s\n", now.polls, now.calls, grouped(sc.Counts.Pushed))
	if total.Avoided > 0 {
		fmt.Fprintf(&b, "avoided is modelled: what watchers would have polled; by the polls that came alone, the reduction is %s\n", percentage(total.measured()))
	}
	fmt.Fprintf(&b, "answers that went to the wrong viewer: %d    pages stopped by an error: %d\n", sc.Counts.Foreign, sc.Counts.Stopped)
	return b.String()
}

func line(b *strings.Builder, r row) {
	text := fmt.Sprintf(columns+"  %s", r.Name, grouped(r.Polls), grouped(uint64(r.Avoided+0.5)), grouped(uint64(max(0, r.Watchers))),
		grouped(r.Upstream), grouped(r.Received), percentage(r.Reduction), pad(gauge(r.Reduction)), r.Stage)
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

// grouped writes n with its thousands apart.
func grouped(n uint64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
