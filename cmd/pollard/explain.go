package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/proxy"
)

func newExplain(e environment) *cobra.Command {
	var asJSON bool
	var header []string
	cmd := &cobra.Command{
		Use:   "explain URL [--admin URL] [--json]",
		Short: "Say why a page did not update: what becomes of its polls, and what last happened",
		Long: "Says of a polled URL what becomes of its polls and why, and of each document behind it, one per identity and variant,\n" +
			"what last happened to it on the instance that is asked. A path instead of a URL stands for all hosts.",
		Args: arguments(cobra.ExactArgs(1)),
	}
	client := adminFlags(cmd, e)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the admin API's JSON")
	cmd.Flags().StringArrayVarP(&header, "header", "H", nil, `field of the request, as "Name: value"; repeatable`)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		query := url.Values{"url": args, "header": header}
		body, err := client.get(cmd.Context(), "/api/v1/explain?"+query.Encode())
		if err != nil {
			return err
		}
		if asJSON {
			_, err = e.stdout.Write(body)
			return err
		}
		var x proxy.Explanation
		if err := json.Unmarshal(body, &x); err != nil {
			return fmt.Errorf("the admin listener's explanation: %w", err)
		}
		return printExplanation(e.stdout, &x)
	}
	return cmd
}

func printExplanation(w io.Writer, x *proxy.Explanation) error {
	route := "route " + x.Route
	if x.Stage != "" {
		route += fmt.Sprintf(" (%s, %s %s%%, share %s)", x.Pattern, x.Stage, x.Percent, x.Share)
	}
	fmt.Fprintf(w, "%s\n%s: %s, because %s\n\n", x.URL, route, x.Decision, x.Reason)
	for _, line := range x.Why {
		fmt.Fprintln(w, line)
	}
	for i := range x.Stored {
		if err := printEvents(w, &x.Stored[i]); err != nil {
			return err
		}
	}
	return nil
}

// printEvents lists what happened to a document, the newest last.
func printEvents(w io.Writer, s *coalescer.State) error {
	fmt.Fprintf(w, "\n%s\n", s.Document)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  FIRST\tLAST\tTIMES\tCAUSE\tRESULT\tSTATUS\tTAG\tDETAIL")
	for i := range s.Events {
		v := &s.Events[i]
		fmt.Fprintf(t, "  %s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\n", v.First.Local().Format(time.TimeOnly), v.Last.Local().Format(time.TimeOnly),
			v.Times, v.Cause, cmp.Or(v.Result, "-"), status(v.Status), cmp.Or(v.Tag, "-"), cmp.Or(v.Detail, "-"))
	}
	return t.Flush()
}

func status(code int) string {
	if code == 0 {
		return "-"
	}
	return fmt.Sprint(code)
}
