//go:build linux

package main

import (
	"context"
	"fmt"
	"net/url"
	"time"
)

// railsDefault is the Cache-Control of a Rails action that says nothing about caching.
const railsDefault = "max-age=0, private, must-revalidate"

const (
	stormDelay = 200 * time.Millisecond // of the upstream
	stormLimit = stormDelay * 3 / 2     // within which Pollard promises all answers

	// staleAfter is more than the second that the stale case's answer lasts: nginx counts whole seconds,
	// and up to the end of the last one.
	staleAfter = 2500 * time.Millisecond
)

// stormCase is one way in which the same poll arrives from everybody at once.
type stormCase struct {
	name         string
	path         string
	cacheControl string
	request      request // without its target
	known        bool    // somebody has polled before
	expired      bool    // and the answer has expired since
}

func stormCases() []stormCase {
	const cacheable, stale = "max-age=60", "max-age=1"
	conditional, cookie := request{Tag: currentTag}, request{Cookie: sessionCookie}
	return []stormCase{
		{name: "cacheable, cold", cacheControl: cacheable},
		{name: "cacheable, cold, with If-None-Match", cacheControl: cacheable, request: conditional},
		{name: "expired, still valid upstream", path: "/stale", cacheControl: stale, known: true, expired: true},
		{name: "cacheable, with Authorization", cacheControl: cacheable, request: request{Authorization: "Bearer 6f1d0a"}},
		{name: "cacheable, with Cookie", cacheControl: cacheable, request: cookie},
		{name: railsDefault, cacheControl: railsDefault, request: cookie},
		{name: "the same, next wave with If-None-Match", cacheControl: railsDefault, request: request{Tag: currentTag, Cookie: sessionCookie}, known: true},
		{name: "no-cache", cacheControl: "no-cache", request: cookie},
	}
}

// wave is one storm as it went.
type wave struct {
	calls int64
	took  time.Duration
}

func (w wave) seconds() float64 { return w.took.Seconds() }

// storms sends identical polls from everybody at the same moment.
func storms(ctx context.Context, l *lab) (section, error) {
	s := section{title: "Storm: identical polls at once", text: fmt.Sprintf(
		"%d connections, all open; the upstream takes %v. Calls: the most of %d rounds; seconds until the last answer: their median. "+
			"Pollard's promise: 1 call, all answered within %v. The caches give one user's answer to all wherever they make 1 call for requests with credentials.",
		l.crowd, stormDelay, l.rounds, stormLimit)}
	servers, stop, err := l.startAll(ctx,
		pollard(pollardOptions{Name: "pollard", Path: "/**", Share: "nothing", Interval: "60s", Stale: "/stale"}),
		nginx(nginxOptions{Name: "nginx", Cache: true}),
		varnish,
	)
	defer stop()
	if err != nil {
		return s, err
	}
	s.table = table{{"response and request", "server", "upstream calls", "seconds", "least to most", "promise"}}
	for _, c := range stormCases() {
		progress("%s", c.name)
		if err := c.run(ctx, l, servers, &s.table); err != nil {
			return s, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return s, nil
}

func (c stormCase) run(ctx context.Context, l *lab, servers []*process, t *table) error {
	waves := map[string][]wave{}
	for round := range l.rounds {
		for _, s := range servers {
			w, err := c.measure(ctx, l, s.addr, round)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			waves[s.name] = append(waves[s.name], w)
		}
	}
	for _, s := range servers {
		calls := spreadBy(waves[s.name], func(w wave) float64 { return float64(w.calls) })
		took := spreadBy(waves[s.name], wave.seconds)
		promise := "-"
		if s.name == "pollard" {
			promise = verdict(calls.most <= 1 && took.median <= stormLimit.Seconds())
		}
		t.add(c.name, s.name, fmt.Sprintf("%.0f", calls.most), fmt.Sprintf("%.2f", took.median),
			fmt.Sprintf("%.2f to %.2f", took.least, took.most), promise)
	}
	return nil
}

// measure runs the case once on one server. Each round polls a URL of its own, so that none finds what an
// earlier one has left behind.
func (c stormCase) measure(ctx context.Context, l *lab, addr string, round int) (wave, error) {
	how := manner{size: 1024, delay: stormDelay, cacheControl: c.cacheControl}
	path := c.path
	if path == "" {
		path = "/poll"
	}
	p := plan{Addr: addr, Request: c.request, Connections: l.crowd}
	p.Request.Target = fmt.Sprintf("%s?%s&case=%s&round=%d", path, how.query(), url.QueryEscape(c.name), round)
	if c.known {
		if err := c.pollOnce(ctx, l, p); err != nil {
			return wave{}, err
		}
	}
	before, err := l.upstreamCounts(ctx)
	if err != nil {
		return wave{}, err
	}
	r, err := l.load(ctx, p)
	if err != nil {
		return wave{}, err
	}
	after, err := l.upstreamCounts(ctx)
	if err != nil {
		return wave{}, err
	}
	return wave{after.since(before).Requests, r.Took}, c.check(r)
}

// pollOnce is the one poll that everybody's was preceded by; unconditional, as the first of a page is.
func (c stormCase) pollOnce(ctx context.Context, l *lab, p plan) error {
	p.Request.Tag, p.Connections = "", 1
	if _, err := l.load(ctx, p); err != nil {
		return err
	}
	if c.expired && !sleep(ctx, staleAfter) {
		return ctx.Err()
	}
	return nil
}

// check refuses a storm that was not answered as asked: 304 is for those who sent a tag.
func (c stormCase) check(r result) error {
	ok := r.Statuses[200]
	if c.request.Tag != "" {
		ok += r.Statuses[304]
	}
	if ok != r.Requests {
		return fmt.Errorf("answered %v", r.Statuses)
	}
	return nil
}

// verdict says in a table whether a promise was kept.
func verdict(kept bool) string {
	if kept {
		return "kept"
	}
	return "BROKEN"
}
