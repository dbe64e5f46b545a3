package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pollard-proxy/pollard/cmd/pollard/capacity"
	"github.com/pollard-proxy/pollard/proxy/admin"
)

func newPlan(e environment) *cobra.Command {
	load := capacity.Load{}
	var over time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "plan [--polls N | --pages N] [--interval D] [--documents N] [--share SHARE]",
		Short: "Plan capacity for push: connections, memory, pods, upstream rate, Redis",
		Long: "Plans capacity for push from rates that are given or, without --polls and --pages, measured on a running instance.\n" +
			"GitLab's crude rule stands beside the estimate, and below it what each figure rests on.",
		Args: arguments(cobra.NoArgs),
	}
	client := adminFlags(cmd, e)
	flags := cmd.Flags()
	flags.Float64Var(&load.Polls, "polls", 0, "polls a second, at peak")
	flags.Float64Var(&load.Pages, "pages", 0, "pages open at a time, at peak")
	flags.DurationVar(&load.Interval, "interval", 5*time.Second, "between the polls of a page")
	flags.Float64Var(&load.Documents, "documents", 0, "documents that are watched at a time (default: one for each page)")
	flags.StringVar(&load.Share, "share", "nothing", "nothing, changes, verified or everything")
	flags.Float64Var(&load.Body, "body", 1000, "bytes of a document")
	flags.Float64Var(&load.PerPod, "per-pod", 10_000, "connections that a pod is to hold: GitLab's peak_active_connections")
	flags.DurationVar(&over, "over", 10*time.Second, "how long to measure")
	flags.BoolVar(&asJSON, "json", false, "print one JSON object")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if load.Polls == 0 && load.Pages == 0 {
			if err := measure(cmd.Context(), client, over, &load); err != nil {
				return err
			}
		}
		p, err := capacity.For(load)
		if err != nil {
			return usageError{err}
		}
		if !asJSON {
			return capacity.Print(e.stdout, p)
		}
		return writeJSON(e.stdout, p)
	}
	return cmd
}

// measure takes the rates of a running instance, all routes together.
func measure(ctx context.Context, client *adminClient, over time.Duration, load *capacity.Load) error {
	if over <= 0 {
		return usageError{fmt.Errorf("--over %v: want a time above zero", over)}
	}
	before, err := client.routes(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	select {
	case <-time.After(over):
	case <-ctx.Done():
		return ctx.Err()
	}
	after, err := client.routes(ctx)
	if err != nil {
		return err
	}
	return load.Measured(readings(before), readings(after), time.Since(began))
}

func readings(routes []admin.Route) map[string]capacity.Reading {
	all := make(map[string]capacity.Reading)
	for _, r := range routes {
		all[r.Name] = capacity.Reading{Polls: r.Polls, Interval: time.Duration(r.IntervalMS) * time.Millisecond, Watchers: r.Watchers}
	}
	return all
}
