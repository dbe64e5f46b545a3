//go:build linux

package main

import (
	"context"
	"fmt"
)

// hits are polls answered from memory. They all carry one identity's cookie: nginx ignores it, and would
// give the answer to everybody else as well; Pollard with share: nothing may not and does not.
func hits(ctx context.Context, l *lab) (section, error) {
	s := section{title: "Hits: polls answered from memory", text: fmt.Sprintf(
		"%d keep-alive connections, a browser's request fields, one cookie; the server on a core of its own, medians of %d rounds of %v. "+
			"Tuned: sendfile off and open_file_cache.",
		l.connections, l.rounds, l.length)}
	servers, stop, err := l.startAll(ctx,
		pollard(pollardOptions{Name: "pollard", Path: "/**", Share: "nothing", Interval: "60s"}),
		pollard(pollardOptions{Name: "pollard, share everything", Path: "/**", Share: "everything", Interval: "60s"}),
		nginx(nginxOptions{Name: "nginx", Cache: true, Ignore: true}),
		nginx(nginxOptions{Name: "nginx, tuned", Cache: true, Ignore: true, Tuned: true}),
	)
	defer stop()
	if err != nil {
		return s, err
	}
	s.table, err = contest{
		baseline: "nginx",
		cases: []contestCase{
			{"304", hitRequest(1024, currentTag), 304, true},
			{"200, 1 KB", hitRequest(1024, ""), 200, true},
			{"200, 20 KB", hitRequest(20*1024, ""), 200, true},
		},
	}.run(ctx, l, servers)
	return s, err
}

// hitRequest asks for what a Rails application sends with its polls.
func hitRequest(size int, tag string) request {
	return request{Target: "/poll?" + manner{size: size, cacheControl: railsDefault}.query(), Tag: tag, Cookie: sessionCookie}
}
