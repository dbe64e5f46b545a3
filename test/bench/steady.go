//go:build linux

package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

const (
	pollEvery = 3 * time.Second

	// callsBeyond is how many upstream calls beyond one per interval are still as promised: the first
	// one, and the one that the last interval begins.
	callsBeyond = 2
)

// steadyCase is a crowd whose polls find nothing new.
type steadyCase struct {
	name       string
	server     maker
	clients    int
	identities int
	limits     steadyLimits
}

// steadyLimits are what Pollard promises; nil for the others.
type steadyLimits func(l *lab) (identified, anonymous int64)

// steady lets a crowd poll for a while without anything changing, and counts what reaches the upstream.
func steady(ctx context.Context, l *lab) (section, error) {
	s := section{title: "Steady: a crowd polls and nothing changes", text: fmt.Sprintf(
		"Every %v for %v each, If-None-Match from the second poll on, Cache-Control: %s. Probes are upstream requests without credentials.",
		pollEvery, l.steady, railsDefault)}
	s.table = table{{"", "server", "polls", "upstream calls", "of them 200", "probes", "reduction", "promise"}}
	for _, c := range l.steadyCases() {
		if err := c.run(ctx, l, &s.table); err != nil {
			return s, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return s, nil
}

func (l *lab) steadyCases() []steadyCase {
	one := fmt.Sprintf("%d clients of one identity", l.crowd)
	return []steadyCase{
		{one, pollard(pollardOptions{Name: "pollard", Path: "/**", Share: "nothing", Interval: pollEvery.String()}), l.crowd, 1,
			func(l *lab) (int64, int64) { return l.intervals(), 0 }},
		{one, nginx(nginxOptions{Name: "nginx", Cache: true}), l.crowd, 1, nil},
		{fmt.Sprintf("%d identities, share: changes", l.identities),
			pollard(pollardOptions{Name: "pollard", Path: "/**", Share: "changes", Interval: pollEvery.String()}), l.identities, l.identities,
			func(l *lab) (int64, int64) { return int64(l.identities), l.intervals() }},
	}
}

// intervals is how often one document may be asked for during a run.
func (l *lab) intervals() int64 { return int64(l.steady/pollEvery) + callsBeyond }

func (c steadyCase) run(ctx context.Context, l *lab, t *table) error {
	servers, stop, err := l.startAll(ctx, c.server)
	defer stop()
	if err != nil || len(servers) == 0 {
		return err
	}
	progress("%s, %s", c.name, servers[0].name)
	before, err := l.upstreamCounts(ctx)
	if err != nil {
		return err
	}
	p := pollersPlan{Addr: servers[0].addr, Clients: c.clients, Identities: c.identities, Every: pollEvery, For: l.steady}
	p.Target = "/poll?" + manner{size: 1024, cacheControl: railsDefault}.query()
	var r pollersResult
	if err := l.part(ctx, "pollers", p, &r); err != nil {
		return err
	}
	after, err := l.upstreamCounts(ctx)
	if err != nil {
		return err
	}
	if r.Failed > 0 {
		return fmt.Errorf("%s left %d polls unanswered, the last: %s", servers[0].name, r.Failed, r.Failure)
	}
	t.add(c.row(l, servers[0].name, r, after.since(before))...)
	return nil
}

func (c steadyCase) row(l *lab, server string, r pollersResult, seen counts) []string {
	polls := 0
	for _, n := range r.Statuses {
		polls += n
	}
	promise := "-"
	if c.limits != nil {
		identified, anonymous := c.limits(l)
		kept := seen.Requests-seen.Anonymous <= identified && seen.Anonymous <= anonymous
		promise = strings.Join([]string{fmt.Sprintf("≤ %d + %d probes:", identified, anonymous), verdict(kept)}, " ")
	}
	return []string{c.name, server, fmt.Sprint(polls), fmt.Sprint(seen.Requests), fmt.Sprint(seen.Requests - seen.NotModified),
		fmt.Sprint(seen.Anonymous), fmt.Sprintf("%.2f %%", 100*(1-float64(seen.Requests)/float64(polls))), promise}
}
