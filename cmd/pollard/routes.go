package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/pollard-proxy/pollard/proxy/admin"
	"github.com/pollard-proxy/pollard/rollout/guard"
)

func newRoutes(e environment) *cobra.Command {
	var asJSON, watch bool
	cmd := &cobra.Command{
		Use:   "routes [--admin URL] [--watch | --json]",
		Short: "Show per route what came in and what went out",
		Args:  arguments(cobra.NoArgs),
	}
	client := adminFlags(cmd, e)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the admin API's JSON")
	cmd.Flags().BoolVar(&watch, "watch", false, "look each second until interrupted: rates, and how they have been")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if asJSON && watch {
			return usageError{errors.New("--watch is for people, --json for machines")}
		}
		if asJSON {
			body, err := client.get(cmd.Context(), "/api/v1/routes")
			if err != nil {
				return err
			}
			_, err = e.stdout.Write(body)
			return err
		}
		if watch {
			return watchRoutes(cmd.Context(), e.stdout, client)
		}
		routes, err := client.routes(cmd.Context())
		if err != nil {
			return err
		}
		return printRoutes(e.stdout, routes)
	}
	return cmd
}

func printRoutes(w io.Writer, routes []admin.Route) error {
	if slices.ContainsFunc(routes, func(r admin.Route) bool { return r.Killed }) {
		fmt.Fprintln(w, "KILLED: every route passes through. These are the rungs after pollard rollout revive; pollard rollout log says who and why.")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ROUTE\tSTAGE\t%\tSHARE\tGUARDS\tPOLLS IN\tCALLS OUT\tAVOIDED\tREDUCTION\tMEASURED\tCOMPARED\tWATCHERS\tSTALENESS P50\tP99")
	for _, r := range routes {
		fmt.Fprintf(t, "%s\t%v%s\t%s\t%s\t%s\t%d\t%d\t%.0f\t%s\t%s\t%s\t%d\t%s\t%s\n", r.Name, r.Stage, mark(r), r.Percent, r.Share, guards(r),
			r.Polls, r.Upstream, r.Avoided, percentage(r.Reduction), percentage(r.ReductionMeasured), compared(r.ReductionCompared),
			r.Watchers, seconds(r.StalenessP50), seconds(r.StalenessP99))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if err := explainMarks(w, routes); err != nil {
		return err
	}
	return explainGuards(w, routes)
}

// worst returns what the guards of a route say at worst, the first of those that do;
// ok is false where it is not judged.
func worst(r admin.Route) (v admin.Verdict, ok bool) {
	for _, o := range []guard.Outcome{guard.Fail, guard.Hold, guard.Pass} {
		for _, v := range r.Guards {
			if v.Outcome == o.String() {
				return v, true
			}
		}
	}
	return v, false
}

// guards sums up what the guards of a route say.
func guards(r admin.Route) string {
	if v, ok := worst(r); ok {
		return v.Outcome
	}
	return "-"
}

// compared prints a reduction by comparison, and within which bounds it is.
func compared(c *admin.Compared) string {
	if c == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f%% (%.1f to %.1f)", 100*c.Reduction, 100*c.Low, 100*c.High)
}

// explainGuards says why guards do not pass, and which routes can be retired.
func explainGuards(w io.Writer, routes []admin.Route) error {
	var b strings.Builder
	for _, r := range routes {
		if v, ok := worst(r); ok && v.Outcome != guard.Pass.String() {
			fmt.Fprintf(&b, "%s %s: %s\n", v.Outcome, r.Name, v.Text)
		}
		if t := r.Retirable; t != nil {
			fmt.Fprintf(&b, "can be retired: %s has stood at push for everybody for %d days; pollard advise says what can go\n", r.Name, t.Days)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// mark shows that a route does not stand where the file has it.
func mark(r admin.Route) string {
	switch {
	case r.Moved == nil:
		return ""
	case r.Moved.Fallen:
		return "!"
	}
	return "*"
}

// explainMarks says what each mark stands for.
func explainMarks(w io.Writer, routes []admin.Route) error {
	for _, r := range routes {
		how := map[string]string{"*": "moved", "!": "stepped down"}[mark(r)]
		if how == "" {
			continue
		}
		why := ""
		if r.Moved.Why != "" {
			why = ": " + r.Moved.Why
		}
		if _, err := fmt.Fprintf(w, "%s %s: %s by %s at %s%s; the file says %v\n", mark(r), r.Name, how, r.Moved.Who,
			r.Moved.When.Local().Format(time.DateTime), why, r.Configured); err != nil {
			return err
		}
	}
	return explainPlans(w, routes)
}

// explainPlans says where routes will stand.
func explainPlans(w io.Writer, routes []admin.Route) error {
	for _, r := range routes {
		p := r.Planned
		if p == nil {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s: at %v from %s, by %s\n", r.Name, p.Position, p.At.Local().Format(time.DateTime), p.Who); err != nil {
			return err
		}
	}
	return nil
}

// percentage prints a reduction; none before the first poll.
func percentage(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f%%", 100**v)
}

func seconds(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.1fs", *v)
}
