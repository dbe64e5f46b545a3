//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"
)

// options are the choices of one run; the flags document them.
type options struct {
	run         list
	without     list
	rounds      int
	length      time.Duration // of one measurement in hits and pass, after its warm-up
	steady      time.Duration // of one run of steady
	connections int           // of the load generator in hits and pass
	crowd       int           // clients in storm and steady
	identities  int           // in steady with share: changes
	pollard     string        // an executable; built from ./cmd/pollard when empty
	document    string        // what -write writes to
	quick       bool
	write       bool
}

func parseOptions(args []string) (options, error) {
	o := options{run: scenarioNames()}
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	flags.Var(&o.run, "run", "scenarios, separated by commas")
	flags.Var(&o.without, "without", "servers to leave out: pollard, nginx, varnish, reverseproxy")
	flags.IntVar(&o.rounds, "rounds", 5, "interleaved rounds; their median counts")
	flags.DurationVar(&o.length, "length", 2*time.Second, "of one measurement in hits and pass")
	flags.DurationVar(&o.steady, "steady", time.Minute, "of one run of steady")
	flags.IntVar(&o.connections, "connections", 64, "keep-alive connections in hits and pass")
	flags.IntVar(&o.crowd, "crowd", 1000, "clients in storm and steady")
	flags.IntVar(&o.identities, "identities", 200, "identities in steady with share: changes")
	flags.StringVar(&o.pollard, "pollard", "", "the pollard to measure (default: built from ./cmd/pollard)")
	flags.StringVar(&o.document, "document", "docs/measurements.md", "where -write puts the tables")
	flags.BoolVar(&o.quick, "quick", false, "one short round: shows that it works, its figures mean nothing")
	flags.BoolVar(&o.write, "write", false, "render the tables between the bench markers of the document")
	flags.Parse(args) // ExitOnError: never returns an error
	if o.quick {
		o.rounds, o.length, o.steady, o.crowd, o.identities = 1, 300*time.Millisecond, 6*time.Second, 100, 20
	}
	return o, o.validate()
}

func (o options) validate() error {
	for _, name := range o.run {
		if !slices.Contains(scenarioNames(), name) {
			return fmt.Errorf("-run %s: no such scenario; there are %s", name, strings.Join(scenarioNames(), ", "))
		}
	}
	for _, name := range o.without {
		if !slices.Contains([]string{"pollard", "nginx", "varnish", "reverseproxy"}, name) {
			return fmt.Errorf("-without %s: no such server", name)
		}
	}
	if o.rounds < 1 || o.length <= 0 || o.connections < 1 || o.crowd < 1 || o.identities < 1 {
		return errors.New("-rounds, -length, -connections, -crowd and -identities must be above zero")
	}
	if o.write && (o.quick || o.rounds < 3 || len(o.run) < len(scenarios)) {
		return errors.New("-write wants every scenario, at least 3 rounds and no -quick: the document holds whole runs only")
	}
	return nil
}

// list is a flag that takes names separated by commas; setting it replaces the default.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(s string) error {
	*l = strings.Split(s, ",")
	return nil
}
