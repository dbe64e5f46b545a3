package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pollard-proxy/pollard/cmd/pollard/accesslog"
	"github.com/pollard-proxy/pollard/rollout/advice"
	"github.com/pollard-proxy/pollard/rollout/observe"
)

// predictFlags say what is in the logs, and what is wanted of them.
type predictFlags struct {
	format       string
	fields       []string
	since, until time.Time
	routes       routeFlags
	interval     time.Duration
	asJSON       bool
}

func newPredict(e environment) *cobra.Command {
	var f predictFlags
	cmd := &cobra.Command{
		Use:   "predict [--format F] LOG...",
		Short: "Predict from access logs what coalescing and push would save",
		Long: "Predicts from access logs what coalescing and push would save, before anything is deployed. Logs may be\n" +
			"compressed by gzip, rotated, and of several servers; - is standard input. Formats are found out by the\n" +
			"first lines; --format json with --field reads any JSON lines.",
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return predict(cmd.Context(), e, &f, args) },
	}
	times := []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly}
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", "", "of all logs: "+strings.Join(accesslog.FormatNames(), ", ")+" or json (default: found out)")
	flags.StringSliceVar(&f.fields, "field", nil, "names in JSON lines, as FIELD=NAME: "+strings.Join(accesslog.MappableFields(), ", "))
	flags.TimeVar(&f.since, "since", time.Time{}, times, "leave out what is older; without a zone it is UTC")
	flags.TimeVar(&f.until, "until", time.Time{}, times, "leave out what is as young or younger")
	flags.StringArrayVar(&f.routes.patterns, "route", nil, "figures of a route, as NAME=PATTERN")
	flags.StringVarP(&f.routes.file, "config", "c", "", "figures of the routes of a configuration file")
	flags.DurationVar(&f.interval, "interval", 0, "of routes that set none (default: the pace that clients keep)")
	flags.BoolVar(&f.asJSON, "json", false, "print the admin API's JSON")
	return cmd
}

// predict reads logs and prints what they promise. What it says of the logs
// themselves goes to standard error.
func predict(ctx context.Context, e environment, f *predictFlags, names []string) error {
	format, err := f.logFormat()
	if err != nil {
		return usageError{err}
	}
	if f.interval < 0 {
		return usageError{errors.New("--interval cannot be negative")}
	}
	configured, err := f.routes.options(e)
	if err != nil {
		return err
	}
	learnt, err := newLearner(configured, f.interval)
	if err != nil {
		return err
	}
	logs, err := accesslog.Open(ctx, names, accesslog.Options{Format: format, Stdin: e.stdin, Since: f.since, Until: f.until})
	if err != nil {
		return withFormats(err)
	}
	sayFormats(e.stderr, logs.Files())
	if err := learn(ctx, e.stderr, logs, learnt); err != nil {
		return withFormats(err)
	}
	if err := sayCounts(e.stderr, logs.Files()); err != nil {
		return err
	}
	return printAdvice(e.stdout, advice.All(learnt.evidence()), f.asJSON)
}

// logFormat is the format that all logs are said to have; the zero value if they
// are to be looked at.
func (f *predictFlags) logFormat() (accesslog.Format, error) {
	switch {
	case f.format == "json" || f.format == "" && len(f.fields) > 0:
		return accesslog.Mapped(f.fields)
	case len(f.fields) > 0:
		return accesslog.Format{}, fmt.Errorf("--field is for --format json, not %s", f.format)
	case f.format != "":
		return accesslog.FormatNamed(f.format)
	}
	return accesslog.Format{}, nil
}

// learn shows the learner what is in logs, and a terminal how far it is.
func learn(ctx context.Context, stderr io.Writer, logs *accesslog.Logs, l *learner) error {
	size, _ := logs.Size()
	drawn := newProgress(stderr, size, logs.Consumed)
	defer drawn.end()
	return logs.Each(ctx, func(s *observe.Sighting) error {
		drawn.step()
		return l.saw(s)
	})
}

func printAdvice(w io.Writer, advised []advice.Advice, asJSON bool) error {
	if !asJSON {
		if err := advice.Print(w, advised); err != nil {
			return err
		}
		return printSharing(w, advised)
	}
	return writeJSON(w, advised)
}

// sayFormats tells which files are read as what, by format.
func sayFormats(w io.Writer, files []accesslog.File) {
	for len(files) > 0 {
		f := files[0].Format
		var names []string
		files = slices.DeleteFunc(files, func(x accesslog.File) bool {
			if x.Format.Name == f.Name {
				names = append(names, x.Name)
			}
			return x.Format.Name == f.Name
		})
		fmt.Fprintf(w, "pollard: format %s (%s): %s\n", f.Name, f.Who, some(names))
	}
}

// some lists a few names.
func some(names []string) string {
	const few = 3
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}

var errNothing = errors.New("there is no GET to learn from")

// sayCounts tells what became of the lines. Logs without a GET predict nothing.
func sayCounts(w io.Writer, files []accesslog.File) error {
	var c accesslog.Counts
	for _, f := range files {
		c.Add(f.Counts)
		for _, m := range f.Examples {
			fmt.Fprintf(w, "pollard: %s:%d: malformed: %q\n", f.Name, m.Line, m.Text)
		}
	}
	fmt.Fprintf(w, "pollard: %d lines: %d GETs, %d other, %d malformed", c.Lines, c.Requests, c.Other, c.Malformed)
	if c.Outside > 0 {
		fmt.Fprintf(w, ", %d GETs before --since or after --until", c.Outside)
	}
	fmt.Fprintln(w)
	if c.Requests == 0 {
		return withFormats(errNothing)
	}
	return nil
}

// withFormats tells how to name another format, where that may help.
func withFormats(err error) error {
	var wrong *accesslog.FormatError
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted")
	case errors.As(err, &wrong), errors.Is(err, accesslog.ErrUndetected), errors.Is(err, errNothing):
		return fmt.Errorf("%w; --format names another: %s, or json with --field", err, strings.Join(accesslog.FormatNames(), ", "))
	}
	return err
}
