//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// section is what one scenario has to say: Markdown that also reads well on a terminal.
type section struct {
	title string
	text  string
	table table
}

func (s section) String() string {
	return fmt.Sprintf("### %s\n\n%s\n\n%s", s.title, s.text, s.table)
}

// table is its header, then its rows; all have the same number of cells.
type table [][]string

func (t *table) add(cells ...string) { *t = append(*t, cells) }

// String is the table in Markdown, its columns padded to the same width.
func (t table) String() string {
	widths := make([]int, len(t[0]))
	for _, row := range t {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for i, row := range t {
		writeRow(&b, row, widths, " ")
		if i == 0 {
			writeRow(&b, make([]string, len(row)), widths, "-")
		}
	}
	return b.String()
}

func writeRow(b *strings.Builder, cells []string, widths []int, fill string) {
	for i, cell := range cells {
		b.WriteString("|" + fill + cell + strings.Repeat(fill, widths[i]-utf8.RuneCountInString(cell)) + fill)
	}
	b.WriteString("|\n")
}

// spread is what several rounds of the same measurement gave.
type spread struct{ least, median, most float64 }

// spreadOf wants at least one value.
func spreadOf(values []float64) spread {
	v := slices.Sorted(slices.Values(values))
	middle := v[len(v)/2]
	if len(v)%2 == 0 {
		middle = (v[len(v)/2-1] + middle) / 2
	}
	return spread{v[0], middle, v[len(v)-1]}
}

// spreadBy is the spread of one figure of each item.
func spreadBy[T any](items []T, figure func(T) float64) spread {
	values := make([]float64, len(items))
	for i, item := range items {
		values[i] = figure(item)
	}
	return spreadOf(values)
}

// quantiles are of many times.
type quantiles struct{ p50, p99, most time.Duration }

// quantilesOf wants at least one time.
func quantilesOf(times []time.Duration) quantiles {
	t := slices.Sorted(slices.Values(times))
	return quantiles{t[len(t)/2], t[len(t)*99/100], t[len(t)-1]}
}
