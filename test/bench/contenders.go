//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
)

// contender is a server with watchers, and how it gets to know of a change. Another source of changes makes
// another contender, which tells further places.
type contender struct {
	server maker

	// tell says who is told of a change of the document, in order.
	tell func(*lab, *process) []place

	// asks: the server asks for changes, and time counts from the upstream's answer, not from telling.
	asks bool
}

// polling is a Pollard that gets to know of a change when it asks next.
func polling(o pushOptions) contender {
	return contender{pollardPush(o), func(l *lab, _ *process) []place { return []place{l.board()} }, true}
}

// published is a Nchan to which every document is published.
func published(o nchanOptions) contender {
	return contender{nchan(o), func(_ *lab, s *process) []place { return []place{{Addr: s.addr, Target: publishTarget}} }, false}
}

// board is where the upstream is told that its document is another.
func (l *lab) board() place { return place{Addr: l.count, Target: boardPath} }

// opponents are contenders of which each runs once per round, on a server of its own that is then stopped:
// what it holds of earlier watchers would be measured with the next.
type opponents struct {
	plan       watchPlan
	contenders []contender
}

// sitting is one run of a contender.
type sitting struct {
	watchResult
	upstream int64 // requests that the upstream saw from its beginning to its end
}

// run returns what was seen of each server, by name, and the names in order. Every other round takes the
// servers in reverse.
func (o opponents) run(ctx context.Context, l *lab, rounds int) (names []string, seen map[string][]sitting, err error) {
	seen = map[string][]sitting{}
	for round := range rounds {
		progress("round %d of %d", round+1, rounds)
		turn := slices.Clone(o.contenders)
		if round%2 == 1 {
			slices.Reverse(turn)
		}
		for _, c := range turn {
			name, r, err := o.measure(ctx, l, c)
			if err != nil {
				return nil, nil, err
			}
			if name == "" {
				continue
			}
			if round == 0 {
				names = append(names, name)
			}
			seen[name] = append(seen[name], r)
		}
	}
	return names, seen, nil
}

// measure returns no name when the run goes without the server.
func (o opponents) measure(ctx context.Context, l *lab, c contender) (name string, r sitting, err error) {
	servers, stop, err := l.startAll(ctx, c.server)
	defer stop()
	if err != nil || len(servers) == 0 {
		return "", r, err
	}
	s := servers[0]
	if err := l.post(c.tell(l, s), boardDocument(0, watchSize)); err != nil { // whoever comes is given a document
		return s.name, r, fmt.Errorf("%s: %w", s.name, err)
	}
	before, err := l.upstreamCounts(ctx)
	if err != nil {
		return s.name, r, err
	}
	if err := l.part(ctx, "watchers", o.planFor(l, s, c), &r.watchResult); err != nil {
		return s.name, r, fmt.Errorf("%s: %w", s.name, err)
	}
	after, err := l.upstreamCounts(ctx)
	r.upstream = after.since(before).Requests
	return s.name, r, err
}

func (o opponents) planFor(l *lab, s *process, c contender) watchPlan {
	p := o.plan
	p.Addr, p.Target, p.Size, p.Tell = s.addr, boardPath, watchSize, c.tell(l, s)
	p.Server, p.Admin = s.cmd.Process.Pid, s.admin
	if c.asks {
		p.Board = l.count
	}
	return p
}

// watchSize is the size of every document that is watched.
const watchSize = 1024

// post tells places of a document, outside of any measurement.
func (l *lab) post(places []place, document []byte) error {
	to, err := tellersOf(places)
	if err != nil {
		return err
	}
	defer to.close()
	if _, err := to.tell(document); err != nil {
		return err
	}
	return to.heard()
}
