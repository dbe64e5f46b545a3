package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/pollard-proxy/pollard/cmd/pollard/report"
)

// reportFlags say of what, from where, and in which form.
type reportFlags struct {
	since      time.Duration
	prometheus string
	html       string
	asJSON     bool
}

func newReport(e environment) *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report [--since 24h] [--prometheus URL] [--html FILE]",
		Short: "Report the calls per 15 minutes and per 24 hours: before, after, reduction",
		Long: "Reports per route the calls that would have reached the upstream, those that did, and the reduction, as a table or\n" +
			"as one page with charts that needs nothing else. With --prometheus it is the fleet's history; without, what one\n" +
			"instance has counted since it started.",
		Args: arguments(cobra.NoArgs),
	}
	client := adminFlags(cmd, e)
	cmd.Flags().DurationVar(&f.since, "since", 24*time.Hour, "how far back, in whole quarters of an hour; only with --prometheus")
	cmd.Flags().StringVar(&f.prometheus, "prometheus", "", "URL of the Prometheus that scrapes the fleet")
	cmd.Flags().StringVar(&f.html, "html", "", "write a page to this file instead")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print one JSON object")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if cmd.Flags().Changed("since") && f.prometheus == "" {
			return usageError{errors.New("--since needs --prometheus: an instance knows only what it has counted since it started")}
		}
		if f.html != "" && f.asJSON {
			return usageError{errors.New("--html and --json are two forms of one report")}
		}
		r, err := f.make(cmd.Context(), client)
		if err != nil {
			return err
		}
		return f.show(e, r)
	}
	return cmd
}

func (f *reportFlags) make(ctx context.Context, client *adminClient) (*report.Report, error) {
	if f.prometheus != "" {
		base, err := url.Parse(f.prometheus)
		if err != nil || base.Host == "" {
			return nil, usageError{errors.New("--prometheus: want a URL such as http://prometheus:9090")} // not err, which repeats a password
		}
		return report.FromPrometheus(ctx, base, f.since, time.Now())
	}
	routes, err := client.get(ctx, "/api/v1/routes")
	if err != nil {
		return nil, err
	}
	metrics, err := client.get(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	return report.FromInstance(routes, metrics, time.Now())
}

func (f *reportFlags) show(e environment, r *report.Report) error {
	switch {
	case f.html != "":
		return writePage(f.html, r)
	case f.asJSON:
		return writeJSON(e.stdout, r)
	}
	return report.Print(e.stdout, r)
}

func writePage(file string, r *report.Report) error {
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("--html: %w", err)
	}
	defer f.Close()
	if err := report.HTML(f, r); err != nil {
		return err
	}
	return f.Close()
}
