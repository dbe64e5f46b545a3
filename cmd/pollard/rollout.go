package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/pollard-proxy/pollard/proxy/admin"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// rolloutCommand is what the commands that move routes have in common.
type rolloutCommand struct {
	environment
	client *adminClient
	why    string
	asJSON bool
}

func newRollout(e environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rollout [--admin URL] set [--at TIME] ROUTE STAGE [PERCENT] | kill | revive | log",
		Short: "Move a route on the ladder; the kill switch",
		Long: "Moves routes of a running Pollard, within a second. A move holds until the route's stage or percentage\n" +
			"changes in the configuration file. Should the admin listener not answer: touch kill in the state folder,\n" +
			"or send the process SIGUSR1, and every route passes through.",
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("there is no command rollout %q", args[0])}
			}
			return usageError{fmt.Errorf("rollout needs set, kill, revive or log")}
		},
	}
	r := &rolloutCommand{environment: e, client: adminFlags(cmd, e)}
	cmd.PersistentFlags().StringVar(&r.why, "why", "", "the reason, for the audit log")
	cmd.PersistentFlags().BoolVar(&r.asJSON, "json", false, "print the admin API's JSON")
	cmd.AddCommand(r.set(), r.kill(), r.revive(), r.log())
	return cmd
}

func (r *rolloutCommand) set() *cobra.Command {
	var at string
	cmd := &cobra.Command{
		Use:   "set [--at TIME] ROUTE STAGE [PERCENT]",
		Short: "Have a route stand on a rung: off, observe, coalesce or push; for a share of its actors",
		Long: "Has a route stand on a rung. Without PERCENT the share of actors on the rung stays what it is.\n" +
			"With --at it is moved then, on all instances at the same moment, unless it is moved otherwise or falls before.",
		Args: arguments(cobra.RangeArgs(2, 3)),
		RunE: func(cmd *cobra.Command, args []string) error {
			change, err := r.position(args[1:])
			if err == nil && at != "" {
				change["at"], err = time.Parse(time.RFC3339, at)
			}
			if err != nil {
				return usageError{err}
			}
			var moved admin.MovedRoute
			if err := r.change(cmd.Context(), http.MethodPut, "/api/v1/routes/"+url.PathEscape(args[0]), change, &moved); err != nil || r.asJSON {
				return err
			}
			r.warn(moved.Warning)
			_, err = fmt.Fprintln(r.stdout, standing(moved.Route))
			return err
		},
	}
	cmd.Flags().StringVar(&at, "at", "", "when, such as 2026-11-20T15:00:00Z (default now)")
	return cmd
}

// standing says where a route stands.
func standing(r admin.Route) string {
	stands := "stands at"
	if r.Killed {
		stands = "passes through like every route, and once revived will stand at"
	}
	said := fmt.Sprintf("%s %s %v", r.Name, stands, r.Position)
	if p := r.Planned; p != nil {
		said += fmt.Sprintf(", and at %v from %s", p.Position, p.At.Format(time.RFC3339))
	}
	return said
}

// position is the change that a stage and perhaps a percentage ask for.
func (r *rolloutCommand) position(words []string) (map[string]any, error) {
	stage, err := rollout.ParseStage(words[0])
	if err != nil {
		return nil, err
	}
	change := map[string]any{"stage": stage, "why": r.why}
	if len(words) > 1 {
		if change["percent"], err = rollout.ParsePercent(words[1]); err != nil {
			return nil, err
		}
	}
	return change, nil
}

func (r *rolloutCommand) kill() *cobra.Command {
	return &cobra.Command{
		Use:   "kill",
		Short: "Have every route pass through, at once",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.throw(cmd.Context(), http.MethodPut, "every route passes through; pollard rollout revive ends it")
		},
	}
}

func (r *rolloutCommand) revive() *cobra.Command {
	return &cobra.Command{
		Use:   "revive",
		Short: "Have every route stand where it stood before the kill",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.throw(cmd.Context(), http.MethodDelete, "every route stands where it stood")
		},
	}
}

// throw puts the kill switch one way or the other.
func (r *rolloutCommand) throw(ctx context.Context, method, done string) error {
	var answer admin.KillSwitch
	if err := r.change(ctx, method, "/api/v1/kill", map[string]any{"why": r.why}, &answer); err != nil || r.asJSON {
		return err
	}
	r.warn(answer.Warning)
	_, err := fmt.Fprintln(r.stdout, done)
	return err
}

func (r *rolloutCommand) log() *cobra.Command {
	var n int
	cmd := &cobra.Command{
		Use:   "log [ROUTE]",
		Short: "Show who moved what, from where to where, and why; the newest first",
		Args:  arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			query := url.Values{"n": {strconv.Itoa(n)}}
			if len(args) == 1 {
				query.Set("route", args[0])
			}
			body, err := r.client.get(cmd.Context(), "/api/v1/audit?"+query.Encode())
			if err != nil {
				return err
			}
			if r.asJSON {
				_, err = r.stdout.Write(body)
				return err
			}
			var entries []ladder.Entry
			if err := json.Unmarshal(body, &entries); err != nil {
				return fmt.Errorf("the admin listener's audit log: %w", err)
			}
			return printLog(r.stdout, entries)
		},
	}
	cmd.Flags().IntVarP(&n, "number", "n", 20, "how many entries")
	return cmd
}

func printLog(w io.Writer, entries []ladder.Entry) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "WHEN\tROUTE\tFROM\tTO\tWHO\tINSTANCE\tWHY")
	for _, e := range entries {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.When.Local().Format(time.DateTime), cmp.Or(e.Route, "(all)"), e.From, e.To, e.Who, e.Instance, e.Why)
	}
	return t.Flush()
}

// change asks for a change and reads the answer, or prints it as it is.
func (r *rolloutCommand) change(ctx context.Context, method, path string, change, answer any) error {
	content, err := json.Marshal(change)
	if err != nil {
		return fmt.Errorf("the change: %w", err)
	}
	body, err := r.client.ask(ctx, method, path, content)
	if err != nil {
		return err
	}
	if r.asJSON {
		_, err = r.stdout.Write(body)
		return err
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("the admin listener's answer: %w", err)
	}
	return nil
}

// warn tells what is amiss with a change that is in force.
func (r *rolloutCommand) warn(warning string) {
	if warning != "" {
		fmt.Fprintln(r.stderr, "pollard: warning:", warning)
	}
}
