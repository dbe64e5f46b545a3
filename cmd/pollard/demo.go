package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo"
	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/config"
	"github.com/pollard-proxy/pollard/proxy/admin"
)

func newDemo(e environment) *cobra.Command {
	var stage string
	var fleet demoFleet
	o := demo.Options{Out: e.stdout, Interactive: isTerminal(e.stdout), Start: fleet.start}
	cmd := &cobra.Command{
		Use:   "demo [--duration D] [--viewers N] [--stage STAGE | --tour] [--instances N] [--redis URL] [--json]",
		Short: "Show the calls fall: a legacy application, the proxy in front of it, and viewers",
		Long: "Runs a legacy polling application, the proxy in front of it, and viewers that poll as browsers do or are pushed to,\n" +
			"on free loopback ports, and shows the calls fall. Ctrl-C or --duration ends it with the table.\n" +
			"A tour ends by itself, and fails unless every chapter came about.",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Viewers < 1 || o.Duration < 0 {
				return usageError{fmt.Errorf("want --viewers to be 1 or more, and --duration not to be negative")}
			}
			if o.Tour && cmd.Flags().Changed("stage") {
				return usageError{fmt.Errorf("--tour goes through all stages: it takes no --stage")}
			}
			if o.Stage = demo.Stage(stage); o.Stage != demo.Coalesce && o.Stage != demo.Push {
				return usageError{fmt.Errorf("--stage %s: want %s or %s", stage, demo.Coalesce, demo.Push)}
			}
			if err := fleet.validate(o); err != nil {
				return usageError{err}
			}
			return demo.Run(cmd.Context(), o)
		},
	}
	cmd.Flags().DurationVar(&o.Duration, "duration", 0, "end after this long, such as 30s; 0 is until Ctrl-C, or the two minutes of a tour")
	cmd.Flags().BoolVar(&o.Tour, "tour", false, "take one route through its migration: observe, advice, coalesce, push, a fault, the fall, the revival")
	cmd.Flags().IntVar(&o.Viewers, "viewers", 300, "browser tabs")
	cmd.Flags().IntVar(&fleet.instances, "instances", 1, "of the proxy, in front of the one application")
	cmd.Flags().StringVar(&fleet.redis, "redis", "", "URL of the Redis that joins the instances; without one they share memory")
	cmd.Flags().StringVar(&stage, "stage", string(demo.Push), "of the routes: coalesce, or push, which some of the viewers take")
	cmd.Flags().BoolVar(&o.JSON, "json", false, "print nothing but one JSON object, at the end")
	cmd.Flags().Uint64Var(&o.Seed, "seed", uint64(time.Now().UnixNano()), "of what viewers do and what changes")
	return cmd
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// startDemo runs an instance in front of the demo's application. Where store is
// not nil, it is what the instance has in common with others.
func startDemo(ctx context.Context, c *config.Config, store coalescer.Store) (demo.Proxy, error) {
	in, err := build(c, slog.New(slog.DiscardHandler), store)
	if err != nil {
		return demo.Proxy{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		if err := in.run(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "pollard:", err)
		}
	}()
	return demo.Proxy{
		URL:    &url.URL{Scheme: "http", Host: in.front.Addr().String()},
		Admin:  &url.URL{Scheme: "http", Host: in.back.Addr().String()},
		Routes: func() []demo.RouteTotals { return demoTotals(in) },
		Stop:   func() { cancel(); <-stopped },
	}, nil
}

// demoConfig is what an operator would have written for the application, with
// further keys.
func demoConfig(upstream *url.URL, routes []demo.Route, keys string) (*config.Config, error) {
	var y strings.Builder
	fmt.Fprintf(&y, "listen: \"127.0.0.1:0\"\nadmin: \"127.0.0.1:0\"\nupstream: %q\nlog: {polls: false}\n%sroutes:\n", upstream, keys)
	for _, r := range routes {
		share := config.ShareNothing
		if r.SharesChanges {
			share = config.ShareChanges
		}
		fmt.Fprintf(&y, "  - {name: %s, path: %q, stage: %s, share: %s", r.Name, r.Path, r.Stage, share)
		if r.Check > 0 {
			fmt.Fprintf(&y, ", check: %d", r.Check)
		}
		y.WriteString("}\n")
	}
	return config.Parse("demo", []byte(y.String()), os.LookupEnv)
}

// demoTotals are the admin API's routes in the demo's words.
func demoTotals(in *instance) []demo.RouteTotals {
	data, err := json.Marshal(admin.Routes(in.proxy, in.ledger, in.ladder.State()))
	if err != nil {
		panic(err) // plain values only
	}
	var totals []demo.RouteTotals
	if err := json.Unmarshal(data, &totals); err != nil {
		panic(err)
	}
	return totals
}
