package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong, or worth a warning, with a configuration.
// No problem repeats a secret, and none of [Parse] the value of an environment
// variable.
type Problem struct {
	File    string `json:"file,omitempty"`    // as it was named; "" where the value did not come from a file
	Line    int    `json:"line,omitempty"`    // from 1; 0 where no line is to blame
	Key     string `json:"key,omitempty"`     // such as routes[2].interval, counted from 0; "" where no key is to blame
	Message string `json:"message"`           // what is wrong and what is wanted
	Warning bool   `json:"warning,omitempty"` // the configuration is usable nevertheless
}

// String is "file:line: key: message"; parts that are unknown are left out.
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d", p.Line)
		}
		b.WriteString(": ")
	}
	if p.Warning {
		b.WriteString("warning: ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Problems are all problems of one configuration, by line. As an error they
// print one line each.
type Problems []Problem

// Error is every problem on a line of its own.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Err is ps when at least one of them is more than a warning, else nil.
func (ps Problems) Err() error {
	for _, p := range ps {
		if !p.Warning {
			return ps
		}
	}
	return nil
}

// byLine sorts problems as a reader of the file meets them.
func (ps Problems) byLine() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Message, b.Message))
	})
	return ps
}
