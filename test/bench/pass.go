//go:build linux

package main

import (
	"context"
	"fmt"
)

// pass is everything that is not a poll: what Pollard costs the rest of the site.
func pass(ctx context.Context, l *lab) (section, error) {
	s := section{title: "Pass-through: requests that are no polls", text: fmt.Sprintf(
		"1 KB from the upstream each time, %d keep-alive connections, a browser's request fields; medians of %d rounds of %v.",
		l.connections, l.rounds, l.length)}
	servers, stop, err := l.startAll(ctx,
		pollard(pollardOptions{Name: "pollard", Path: "/poll/**", Share: "nothing", Interval: "60s"}),
		reverseProxy,
		nginx(nginxOptions{Name: "nginx"}),
	)
	defer stop()
	if err != nil {
		return s, err
	}
	s.table, err = contest{
		baseline: "nginx",
		cases:    []contestCase{{"200, 1 KB", request{Target: "/page?" + manner{size: 1024}.query(), Cookie: sessionCookie}, 200, false}},
	}.run(ctx, l, servers)
	return s, err
}
