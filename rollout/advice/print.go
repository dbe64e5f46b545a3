package advice

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Print writes a table of all routes, and then for each the reasons and what to
// set. It returns the error of w.
func Print(w io.Writer, all []Advice) error {
	var b strings.Builder
	if len(all) == 0 {
		b.WriteString("Nothing that was seen looks polled.\n")
	} else {
		table(&b, all)
	}
	for i := range all {
		section(&b, &all[i])
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing advice: %w", err)
	}
	return nil
}

func table(b *strings.Builder, all []Advice) {
	tw := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "ROUTE\tPOLLS\tEVERY\tWATCHERS\t304\tSHARE\tCOALESCE\tPUSH")
	for i := range all {
		a := &all[i]
		fmt.Fprintf(tw, "%s\t%s\t%s\t%.1f\t%s\t%s\t%s\t%s\n", a.label(), grouped(a.Polls), every(a.PaceMS.Median), a.Watchers,
			percent(a.NotModified), a.Share, a.column("coalesce"), a.column("push"))
	}
	tw.Flush() // to a strings.Builder, which does not fail
}

// label marks what is no route yet.
func (a *Advice) label() string {
	if a.IsNew {
		return a.Route + " (new)"
	}
	return a.Route
}

// column writes what a stage would save as it is advised.
func (a *Advice) column(stage string) string {
	if len(a.Predictions) == 0 {
		return "-"
	}
	return a.saves(stage, a.Share).String()
}

func every(ms int64) string {
	if ms <= 0 {
		return "-"
	}
	return (time.Duration(ms) * time.Millisecond).Round(100 * time.Millisecond).String()
}

func section(b *strings.Builder, a *Advice) {
	fmt.Fprintf(b, "\n%s", a.label())
	if a.Path != "" {
		fmt.Fprintf(b, "  %s", a.Path)
	}
	b.WriteByte('\n')
	if r := a.Retirement; r != nil {
		fmt.Fprintf(b, "  at push for everybody for %d days, since %s; what can go now:\n", r.Days, r.Since.UTC().Format(time.DateOnly))
		for _, what := range r.CanGo {
			fmt.Fprintf(b, "  - %s\n", what)
		}
		return
	}
	for _, r := range a.Reasons {
		fmt.Fprintf(b, "  - %s\n", r)
	}
	for _, n := range a.Needs {
		fmt.Fprintf(b, "  - %s\n", n)
	}
	if a.Question != "" {
		fmt.Fprintf(b, "  ? %s\n", a.Question)
	}
	fmt.Fprintf(b, "\n%s", YAML(*a))
}
