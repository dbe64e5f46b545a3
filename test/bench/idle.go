//go:build linux

package main

import (
	"context"
	"fmt"
	"time"
)

// idlers shows what a watcher costs to whom nothing happens.
func idlers(ctx context.Context, l *lab) (section, error) {
	s := section{title: "Idle: memory of a watcher", text: fmt.Sprintf(
		"%d watchers, each somebody else, of a document of 1 KB: the server's memory beyond that without any, divided by them, "+
			"once all are there and %v later. With share nothing each has a document of their own, asked for every %v. "+
			"PSS counts what processes share once. One measurement each, on a server just started. What the kernel holds for sockets is in neither.",
		l.idlers, l.settle, idleEvery)}
	s.table = table{{"", "server", "PSS KB", "settled PSS KB", "settled RSS KB", "MB without any", "goroutines each"}}
	for _, transport := range []struct {
		name   string
		events bool
	}{{"WebSocket", false}, {"server-sent events", true}} {
		names, seen, err := opponents{
			plan: watchPlan{Watchers: l.idlers, AtOnce: openAtOnce, Events: transport.events, Settle: l.settle},
			contenders: []contender{
				polling(pushOptions{Name: "pollard, share everything", Share: "everything", Interval: idleEvery}),
				polling(pushOptions{Name: "pollard, share nothing", Share: "nothing", Interval: idleEvery}),
				published(nchanOptions{Name: "nchan"}),
			},
		}.run(ctx, l, 1)
		if err != nil {
			return s, fmt.Errorf("%s: %w", transport.name, err)
		}
		for _, name := range names {
			s.table.add(append([]string{transport.name, name}, seen[name][0].perWatcher(l.idlers)...)...)
		}
	}
	return s, nil
}

// idleEvery is the interval of documents that do not change.
const idleEvery = time.Minute

// perWatcher are the cells of the table.
func (r watchResult) perWatcher(watchers int) []string {
	each := func(bytes int64) string { return fmt.Sprintf("%.1f", float64(bytes)/float64(watchers)/1024) }
	goroutines := "-"
	if r.Settled.Goroutines > 0 {
		goroutines = fmt.Sprintf("%.2f", float64(r.Settled.Goroutines-r.Before.Goroutines)/float64(watchers))
	}
	return []string{
		each(r.Opened.PSS - r.Before.PSS), each(r.Settled.PSS - r.Before.PSS), each(r.Settled.RSS - r.Before.RSS),
		fmt.Sprintf("%.1f", float64(r.Before.PSS)/(1<<20)), goroutines,
	}
}
