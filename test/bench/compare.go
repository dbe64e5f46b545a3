//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
)

// scenario is one question that the run answers with one table.
type scenario struct {
	name string
	run  func(context.Context, *lab) (section, error)
}

var scenarios = [...]scenario{
	{"hits", hits}, {"pass", pass}, {"storm", storms}, {"steady", steady},
	{"delivery", deliveries}, {"idle", idlers}, {"handshakes", handshakes},
	{"workload", workload},
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
	report := []string{describeMachine(o, args).String()}
	fmt.Println(report[0])
	l, err := newLab(ctx, o)
	if err != nil {
		return err
	}
	defer l.close()
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
		report = append(report, made.String())
	}
	if !o.write {
		return nil
	}
	return writeReport(o.document, strings.Join(report, "\n"))
}

// The report goes between these lines of the document, and replaces what is there.
const (
	reportBegin = "<!-- bench:begin -->\n"
	reportEnd   = "<!-- bench:end -->"
)

func writeReport(file, report string) error {
	document, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	updated, err := replaceReport(string(document), report)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, []byte(updated), 0o644)
}

func replaceReport(document, report string) (string, error) {
	head, rest, ok := strings.Cut(document, reportBegin)
	_, tail, closed := strings.Cut(rest, reportEnd)
	if !ok || !closed {
		return "", fmt.Errorf("no lines %q and %q to put the report between", strings.TrimSpace(reportBegin), reportEnd)
	}
	return head + reportBegin + "\n" + strings.TrimSpace(report) + "\n\n" + reportEnd + tail, nil
}
