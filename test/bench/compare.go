//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
)

// scenario is one question that the run answers with one table.
type scenario struct {
	name string
	part string // of the document
	run  func(context.Context, *lab) (section, error)
}

// The parts of the document, each written as a whole or not at all.
const (
	partBench    = "bench"    // Pollard beside others
	partWorkload = "workload" // ways to use Pollard beside each other
)

var scenarios = [...]scenario{
	{"hits", partBench, hits}, {"pass", partBench, pass}, {"storm", partBench, storms}, {"steady", partBench, steady},
	{"delivery", partBench, deliveries}, {"idle", partBench, idlers}, {"handshakes", partBench, handshakes},
	{"workload", partWorkload, workload},
}

func scenarioNames() []string {
	names := make([]string, len(scenarios))
	for i, s := range scenarios {
		names[i] = s.name
	}
	return names
}

// compare runs the chosen scenarios and prints their tables as they come.
func compare(ctx context.Context, args []string) error {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	where := describeMachine(o, args).String()
	fmt.Println(where)
	l, err := newLab(ctx, o)
	if err != nil {
		return err
	}
	defer l.close()
	report := map[string]string{} // by part
	for _, s := range scenarios {
		if !slices.Contains(o.run, s.name) {
			continue
		}
		progress("%s", s.name)
		made, err := s.run(ctx, l)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Println(made)
		report[s.part] = cmp.Or(report[s.part], where) + "\n" + made.String()
	}
	if !o.write {
		return nil
	}
	return writeReport(o.document, report)
}

// The report of a part goes between these lines of the document, and replaces what is there.
func reportBegin(part string) string { return "<!-- " + part + ":begin -->\n" }
func reportEnd(part string) string   { return "<!-- " + part + ":end -->" }

func writeReport(file string, report map[string]string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	document := string(content)
	for part, text := range report {
		if document, err = replaceReport(document, part, text); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return os.WriteFile(file, []byte(document), 0o644)
}

func replaceReport(document, part, report string) (string, error) {
	begin, end := reportBegin(part), reportEnd(part)
	head, rest, ok := strings.Cut(document, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return "", fmt.Errorf("no lines %q and %q to put the report between", strings.TrimSpace(begin), end)
	}
	return head + begin + "\n" + strings.TrimSpace(report) + "\n\n" + end + tail, nil
}
