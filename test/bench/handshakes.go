//go:build linux

package main

import (
	"context"
	"fmt"
	"time"
)

// handshakes shows how fast watchers are let in.
func handshakes(ctx context.Context, l *lab) (section, error) {
	s := section{title: "Handshakes: watchers are let in", text: fmt.Sprintf(
		"%d WebSocket watchers, each somebody else, %d at a time, from the connection's opening until the document has come; medians of %d rounds. "+
			"Pollard lets nobody in before the upstream has answered a question that began after they came: with share nothing one each, and a document each; "+
			"with share everything, those who come together share it. Nchan asks about each where it is told to, and else lets in everybody.",
		l.watchers, openAtOnce, l.rounds)}
	names, seen, err := opponents{
		plan: watchPlan{Watchers: l.watchers, AtOnce: openAtOnce},
		contenders: []contender{
			polling(pushOptions{Name: "pollard, share nothing", Share: "nothing", Interval: idleEvery}),
			polling(pushOptions{Name: "pollard, share everything", Share: "everything", Interval: idleEvery}),
			published(nchanOptions{Name: "nchan, asks", Authorize: true}),
			published(nchanOptions{Name: "nchan"}),
		},
	}.run(ctx, l, l.rounds)
	if err != nil {
		return s, err
	}
	s.table = table{{"server", "handshakes per CPU second", "least to most", "CPU µs each", "per second", "upstream calls each"}}
	for _, name := range names {
		rate := spreadBy(seen[name], func(r sitting) float64 { return float64(l.watchers) / r.openingCPU().Seconds() })
		s.table.add(name, fmt.Sprintf("%.0f", rate.median), fmt.Sprintf("%.0f to %.0f", rate.least, rate.most),
			fmt.Sprintf("%.0f", 1e6/rate.median),
			fmt.Sprintf("%.0f", spreadBy(seen[name], func(r sitting) float64 { return float64(l.watchers) / r.Opening.Took.Seconds() }).median),
			fmt.Sprintf("%.2f", spreadBy(seen[name], func(r sitting) float64 { return float64(r.upstream) / float64(l.watchers) }).median))
	}
	return s, nil
}

// openingCPU is one tick where it is less: then there were too few handshakes for a figure.
func (r sitting) openingCPU() time.Duration { return max(r.Opening.ServerCPU, tick) }
