//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// contest is a saturating load on several servers in turn.
type contest struct {
	cases    []contestCase
	baseline string // the server that the others' CPU time is divided by
}

type contestCase struct {
	name    string
	request request
	status  int  // that every answer must have
	hit     bool // no answer may need the upstream; else all must
}

// heat is one measurement.
type heat struct {
	result
	upstream int64 // requests that the upstream saw meanwhile and during the warm-up
}

func (h heat) cpuMicroseconds() float64  { return microseconds(h.ServerCPU) / float64(h.Requests) }
func (h heat) loadMicroseconds() float64 { return microseconds(h.LoadCPU) / float64(h.Requests) }
func (h heat) perSecond() float64        { return float64(h.Requests) / h.Took.Seconds() }

// busy is the share of its core that the server used. Well below 1, throughput and latency are those of
// the load generator, of the upstream or of whoever else uses the machine; the CPU time is still right.
func (h heat) busy() float64 { return h.ServerCPU.Seconds() / h.Took.Seconds() }

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// run measures every case on every server, once per round, and returns the table of medians. Every other
// round takes the servers in reverse, so that a machine that slows down does not favour the first.
func (c contest) run(ctx context.Context, l *lab, servers []*process) (table, error) {
	heats := map[string]map[string][]heat{}
	for _, k := range c.cases {
		heats[k.name] = map[string][]heat{}
	}
	for round := range l.rounds {
		progress("round %d of %d", round+1, l.rounds)
		turn := slices.Clone(servers)
		if round%2 == 1 {
			slices.Reverse(turn)
		}
		for _, k := range c.cases {
			for _, s := range turn {
				h, err := k.measure(ctx, l, s)
				if err != nil {
					return nil, fmt.Errorf("%s, %s: %w", s.name, k.name, err)
				}
				heats[k.name][s.name] = append(heats[k.name][s.name], h)
			}
		}
	}
	return c.table(servers, heats), nil
}

// measure lets one client ask first: where 64 find nothing stored, nginx makes 63 of them wait half a
// second for its lock, and the loop would measure the one that is left.
func (k contestCase) measure(ctx context.Context, l *lab, s *process) (heat, error) {
	if _, err := l.load(ctx, plan{Addr: s.addr, Request: k.request, Connections: 1}); err != nil {
		return heat{}, err
	}
	before, err := l.upstreamCounts(ctx)
	if err != nil {
		return heat{}, err
	}
	r, err := l.load(ctx, plan{
		Addr: s.addr, Request: k.request, Connections: l.connections,
		For: l.length, Warm: l.length / 4, Server: s.cmd.Process.Pid,
	})
	if err != nil {
		return heat{}, err
	}
	after, err := l.upstreamCounts(ctx)
	if err != nil {
		return heat{}, err
	}
	h := heat{r, after.since(before).Requests}
	return h, k.check(h)
}

// check refuses a measurement of something else than the case says: an error page is quick, too.
func (k contestCase) check(h heat) error {
	if n := h.Statuses[k.status]; n != h.Requests {
		return fmt.Errorf("answered %v, want nothing but %d", h.Statuses, k.status)
	}
	if k.hit && h.upstream > int64(h.Requests/100) {
		return fmt.Errorf("asked the upstream %d times for %d answers that were to be hits", h.upstream, h.Requests)
	}
	if !k.hit && h.upstream < int64(h.Requests) {
		return fmt.Errorf("asked the upstream %d times for %d answers that were to pass through", h.upstream, h.Requests)
	}
	return nil
}

func (c contest) table(servers []*process, heats map[string]map[string][]heat) table {
	t := table{{"", "server", "CPU µs per request", "least to most", "× " + c.baseline, "requests/s", "p50 µs", "p99 µs", "core busy", "load's µs"}}
	for _, k := range c.cases {
		base := heats[k.name][c.baseline]
		for _, s := range servers {
			h := heats[k.name][s.name]
			cpu := spreadBy(h, heat.cpuMicroseconds)
			ratio := "-"
			if len(base) > 0 {
				ratio = fmt.Sprintf("%.2f", cpu.median/spreadBy(base, heat.cpuMicroseconds).median)
			}
			t.add(k.name, s.name,
				fmt.Sprintf("%.1f", cpu.median), fmt.Sprintf("%.1f to %.1f", cpu.least, cpu.most), ratio,
				fmt.Sprintf("%.0f", spreadBy(h, heat.perSecond).median),
				fmt.Sprintf("%.0f", spreadBy(h, func(h heat) float64 { return microseconds(h.P50) }).median),
				fmt.Sprintf("%.0f", spreadBy(h, func(h heat) float64 { return microseconds(h.P99) }).median),
				fmt.Sprintf("%.0f %%", 100*spreadBy(h, heat.busy).median),
				fmt.Sprintf("%.1f", spreadBy(h, heat.loadMicroseconds).median))
		}
	}
	return t
}
