//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// askEvery is the interval of a Pollard that has to find out by itself: short, so that a run has many
// changes. What is measured begins when it has.
const askEvery = 200 * time.Millisecond

// deliveries shows how a change gets to everybody, and what that costs the server.
func deliveries(ctx context.Context, l *lab) (section, error) {
	s := section{title: "Delivery: a change gets to every watcher"}
	names, seen, err := opponents{
		plan: watchPlan{Watchers: l.watchers, AtOnce: openAtOnce, Changes: l.changes, Gap: askEvery, Limit: answerLimit},
		contenders: []contender{
			polling(pushOptions{Name: "pollard", Share: "everything", Interval: askEvery}),
			published(nchanOptions{Name: "nchan"}),
		},
	}.run(ctx, l, l.rounds)
	if err != nil {
		return s, err
	}
	s.text = fmt.Sprintf("%d WebSocket watchers, each somebody else, no compression; %d changes of 1 KB in each of %d rounds, one after the other. "+
		"Time counts from the moment when the news sets out to the server: the upstream's answer to Pollard, the publication to Nchan. "+
		"What the change has waited for that moment upstream is a row of its own: Pollard asks every %v. "+
		"A frame is written when the kernel has it in the watcher's socket; all watchers are one process on the other core, "+
		"and what they add is the difference to the time at which they have it. CPU includes the server's questions to the upstream between changes.",
		l.watchers, l.changes, l.rounds, askEvery)
	s.table = table{{"", "server", "p50 ms", "p99 ms", "max ms", "CPU µs per delivery", "least to most"}}
	for _, m := range moments {
		for _, name := range names {
			if times := pooled(seen[name], m.times); len(times) > 0 {
				s.table.add(m.row(name, quantilesOf(times), seen[name])...)
			}
		}
	}
	return s, nil
}

// openAtOnce is how many watches are being opened at a time.
const openAtOnce = 64

// moment is a time on the way of a change.
type moment struct {
	name  string
	times func(sitting) []time.Duration
	cpu   bool // what a delivery costs stands in this row
}

var moments = [...]moment{
	{"before: the server asks", func(r sitting) []time.Duration { return r.Waited }, false},
	{"frame written", func(r sitting) []time.Duration { return r.Written }, true},
	{"a watcher has it", func(r sitting) []time.Duration { return r.Had }, false},
	{"the last watcher has it", func(r sitting) []time.Duration { return r.Last }, false},
}

func (m moment) row(server string, q quantiles, rounds []sitting) []string {
	row := []string{m.name, server, milliseconds(q.p50), milliseconds(q.p99), milliseconds(q.most), "", ""}
	if m.cpu {
		cpu := spreadBy(rounds, sitting.cpuMicroseconds)
		row[5], row[6] = fmt.Sprintf("%.1f", cpu.median), fmt.Sprintf("%.1f to %.1f", cpu.least, cpu.most)
	}
	return row
}

func (r sitting) cpuMicroseconds() float64 {
	return microseconds(r.Delivering.ServerCPU) / float64(r.Deliveries)
}

// pooled are the times of all rounds.
func pooled(rounds []sitting, times func(sitting) []time.Duration) []time.Duration {
	var all [][]time.Duration
	for _, r := range rounds {
		all = append(all, times(r))
	}
	return slices.Concat(all...)
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond))
}
