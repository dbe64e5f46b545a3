package report

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"
)

// Print writes a table of the report: routes below each other, the total last.
func Print(w io.Writer, r *Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s to %s, by %s\n\n", r.From.Local().Format(time.DateTime), r.To.Local().Format(time.DateTime), r.Source)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tPER 15 MINUTES\t\tPER 24 HOURS\t\t\tREDUCTION\t\t")
	fmt.Fprintln(t, "ROUTE\tBEFORE\tAFTER\tBEFORE\tAVOIDED\tAFTER\tMEASURED\tWITH PUSH\t")
	for _, route := range append(r.Routes[:len(r.Routes):len(r.Routes)], r.Total) {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", route.Name, Short(route.PerQuarter.Before()), Short(route.PerQuarter.Calls),
			Short(route.PerDay.Before()), Short(route.PerDay.Avoided), Short(route.PerDay.Calls), Percent(route.ReductionMeasured), Percent(route.Reduction))
	}
	t.Flush() // to a strings.Builder, which does not fail
	b.WriteString("\n" + r.Notes())
	_, err := io.WriteString(w, b.String())
	return err
}

// Notes say how the figures are to be read.
func (r *Report) Notes() string {
	var b strings.Builder
	b.WriteString("Before: polls received, and those that push avoided, which are modelled. After: calls that reached the upstream.\n")
	if r.Extrapolates() {
		fmt.Fprintf(&b, "24 hours are extrapolated from %v.\n", r.To.Sub(r.From).Round(time.Second))
	}
	return b.String()
}

// Short writes a count with at most four digits: 812, 45.7 k, 3.1 M.
func Short(v float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, " G"}, {1e6, " M"}, {1e3, " k"}} {
		if math.Abs(v) >= unit.size {
			return fmt.Sprintf("%.1f%s", v/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%.0f", v)
}

// Percent writes a reduction, as the change that it is: -93.2 %; a dash before the
// first poll.
func Percent(v *float64) string {
	if v == nil {
		return "-"
	}
	tenths := math.Round(-1000 * *v)
	if tenths == 0 {
		return "0.0 %" // without a sign, whichever a zero has
	}
	return fmt.Sprintf("%+.1f %%", tenths/10)
}
