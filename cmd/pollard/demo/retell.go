package demo

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// retell sums a tour up: what each chapter saved, and who moved what. "" without one.
func (t *theatre) retell(all []told) (string, error) {
	if t.tour == nil {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), settling)
	defer cancel()
	entries, err := t.tour.operator.log(ctx)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nThe route %s, chapter by chapter:\n\n", toured)
	summary(&b, all)
	b.WriteString("\nWho moved what, by the audit log:\n\n")
	timeline(&b, entries)
	return b.String(), nil
}

// summary is one line a chapter.
func summary(b *strings.Builder, all []told) {
	const row = "%-18s %8s %9s %8s %9s %9s"
	fmt.Fprintf(b, row+"\n", "CHAPTER", "SECONDS", "POLLS IN", "AVOIDED", "CALLS OUT", "REDUCTION")
	for i, c := range all {
		line := fmt.Sprintf(row+"  %s", fmt.Sprintf("%d %s", i+1, c.Title), fmt.Sprintf("%.0f", c.Seconds), grouped(c.Polls),
			grouped(uint64(c.Avoided+0.5)), grouped(c.Upstream), percentage(c.Reduction), gauge(c.Reduction))
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

func timeline(b *strings.Builder, entries []ladder.Entry) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, e := range entries {
		what := e.Route
		if what == "" {
			what = "(all)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s → %s\t%s\t%s\n", e.When.Local().Format(time.TimeOnly), what, e.From, e.To, e.Who, e.Why)
	}
	t.Flush() // to a strings.Builder, which does not fail
}
