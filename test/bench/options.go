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
	watchers    int           // in delivery and handshakes
	changes     int           // in a round of delivery
	idlers      int           // watchers in idle
	settle      time.Duration // of idle, before memory is read
	viewers     int           // in workload
	compress    int           // time, in workload
	pollard     string        // an executable; built from ./cmd/pollard when empty
	document    string        // what -write writes to
	quick       bool
	write       bool
}

// rivals are the names by which a run can go without a server.
var rivals = []string{"pollard", "nginx", "varnish", "reverseproxy", "nchan"}

func parseOptions(args []string) (options, error) {
	o := options{run: scenarioNames()}
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	flags.Var(&o.run, "run", "scenarios, separated by commas")
	flags.Var(&o.without, "without", "servers to leave out: "+strings.Join(rivals, ", "))
	flags.IntVar(&o.rounds, "rounds", 5, "interleaved rounds; their median counts")
	flags.DurationVar(&o.length, "length", 2*time.Second, "of one measurement in hits and pass")
	flags.DurationVar(&o.steady, "steady", time.Minute, "of one run of steady")
	flags.IntVar(&o.connections, "connections", 64, "keep-alive connections in hits and pass")
	flags.IntVar(&o.crowd, "crowd", 1000, "clients in storm and steady")
	flags.IntVar(&o.identities, "identities", 200, "identities in steady with share: changes")
	flags.IntVar(&o.watchers, "watchers", 5000, "watchers in delivery and handshakes")
	flags.IntVar(&o.changes, "changes", 40, "changes in a round of delivery")
	flags.IntVar(&o.idlers, "idlers", 10_000, "watchers in idle")
	flags.DurationVar(&o.settle, "settle", 30*time.Second, "time in idle until memory is read")
	flags.IntVar(&o.viewers, "viewers", 300, "people in workload")
	flags.IntVar(&o.compress, "compress", 60, "how many times faster than in life time passes in workload; at most 60")
	flags.StringVar(&o.pollard, "pollard", "", "the pollard to measure (default: built from ./cmd/pollard)")
	flags.StringVar(&o.document, "document", "docs/measurements.md", "where -write puts the tables")
	flags.BoolVar(&o.quick, "quick", false, "one short round: shows that it works, its figures mean nothing")
	flags.BoolVar(&o.write, "write", false, "render the tables between the bench markers of the document")
	flags.Parse(args) // ExitOnError: never returns an error
	if o.quick {
		o.rounds, o.length, o.steady, o.crowd, o.identities = 1, 300*time.Millisecond, 6*time.Second, 100, 20
		o.watchers, o.changes, o.idlers, o.settle = 200, 5, 500, time.Second
		o.viewers, o.compress = 20, 600
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
		if !slices.Contains(rivals, name) {
			return fmt.Errorf("-without %s: no such server", name)
		}
	}
	least := min(o.rounds, o.connections, o.crowd, o.identities, o.watchers, o.changes, o.idlers, o.viewers, o.compress)
	if least < 1 || o.length <= 0 || o.settle < 0 || o.compress > 60 && !o.quick {
		return errors.New("-rounds, -length, -connections, -crowd, -identities, -watchers, -changes, -idlers, -viewers and -compress must be above zero, and -compress no more than 60")
	}
	if o.write && (o.quick || o.rounds < 3 || !o.isWhole()) {
		return errors.New("-write wants every scenario, or workload alone, at least 3 rounds and no -quick: the document holds whole runs only")
	}
	return nil
}

// isWhole reports whether a part of the document is run as a whole, if it is at all.
func (o options) isWhole() bool {
	run := map[string]bool{} // by part: whether a scenario is run
	for _, s := range scenarios {
		is := slices.Contains(o.run, s.name)
		if was, seen := run[s.part]; seen && was != is {
			return false
		}
		run[s.part] = is
	}
	return true
}

// mostWatchers is how many there are at a time, in a scenario of the run.
func (o options) mostWatchers() int {
	most := 0
	if slices.Contains(o.run, "idle") {
		most = o.idlers
	}
	if slices.Contains(o.run, "delivery") || slices.Contains(o.run, "handshakes") {
		most = max(most, o.watchers)
	}
	return most
}

// list is a flag that takes names separated by commas; setting it replaces the default.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(s string) error {
	*l = strings.Split(s, ",")
	return nil
}
