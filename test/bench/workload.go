//go:build linux

package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/test/freeport"
)

// gitlabReduction is GitLab's own, of the calls for CI statuses: 45,729,530 before, 3,403,395 with signals.
const gitlabReduction = 1 - 3_403_395.0/45_729_530

// What touches promise: calls by the least that there can be, and staleness that one in a hundred exceeds.
const (
	mostCalls     = 1.05
	mostStaleness = 150 * time.Millisecond
)

// How Pollard learns of a job's change.
const (
	bySelf  = ""       // it asks
	byWrite = "writes" // what the runner sends passes through it
	byTouch = "touch"  // the application says so
)

// workloadCase is a way to serve the workload; times are real ones, before they are compressed.
type workloadCase struct {
	name      string
	stage     string
	auto      bool // interval: auto
	source    string
	bound     time.Duration // of a lease, and of the time that is covered by news: a minute by default
	pollsOnce bool          // pages that are pushed to poll before they listen
	promised  bool          // that there are few calls, and soon
}

var workloadCases = [...]workloadCase{
	{name: "coalesce", stage: "coalesce", bound: time.Hour},
	{name: "coalesce, interval: auto, no news", stage: "coalesce", auto: true, bound: time.Hour},
	{name: "coalesce, touched_by", stage: "coalesce", source: byWrite, bound: time.Hour},
	{name: "push, touched_by", stage: "push", source: byWrite, bound: time.Hour},
	{name: "push, touches", stage: "push", source: byTouch, bound: time.Hour, promised: true},
	{name: "the same, a poll before the socket", stage: "push", source: byTouch, bound: time.Hour, pollsOnce: true},
	{name: "coalesce, touched_by, as by default", stage: "coalesce", source: byWrite, bound: time.Minute},
	{name: "push, touches, as by default", stage: "push", source: byTouch, bound: time.Minute},
}

// workload is what GitLab's pages of CI jobs do, in miniature: everybody watches a job of their own, so that nothing
// can be shared, and jobs seldom change.
func workload(ctx context.Context, l *lab) (section, error) {
	all := visits(l.viewers, l.compress)
	wanted, events := 0, 0
	for _, v := range all {
		wanted += v.polls(l.short(jobPollEvery))
		events += 1 + len(v.changes)
	}
	s := section{title: "Workload: pages of CI jobs, each watched by its owner", text: fmt.Sprintf(
		"%d people come within %v and stay %v to %v; pages poll every %v; each job changes %d times meanwhile. Time is compressed %d times, in the "+
			"configuration too; where polls are the way to learn of a change, staleness is %d times as long in real time. Nothing can do with fewer calls than "+
			"first sights and changes, %d: a reduction of %.2f %%. GitLab's own, by signals: %.2f %%. "+
			"Promised of touches: calls at most %v times those, staleness p99 below %v.",
		l.viewers, arrivals, shortestVisit, longestVisit, jobPollEvery, jobChanges, l.compress, l.compress, events, percent(events, wanted), 100*gitlabReduction, mostCalls, mostStaleness)}
	s.table = table{{"", "polls wanted", "polls sent", "upstream calls", "calls ÷ (sights + changes)", "reduction", "staleness p50", "p99", "changes unseen", "promise"}}
	for _, c := range workloadCases {
		progress("%s", c.name)
		seen, calls, err := c.run(ctx, l, all)
		if err != nil {
			return s, fmt.Errorf("%s: %w", c.name, err)
		}
		lag := quantilesOf(seen.lags)
		s.table.add(c.name, fmt.Sprint(wanted), fmt.Sprint(seen.polls), fmt.Sprint(calls), fmt.Sprintf("%.2f", float64(calls)/float64(events)),
			fmt.Sprintf("%.2f %%", percent(calls, wanted)), lag.p50.Round(100*time.Microsecond).String(), lag.p99.Round(100*time.Microsecond).String(), fmt.Sprint(seen.unseen), c.keeps(calls, events, lag))
	}
	return s, nil
}

// keeps says whether what is promised of touches was kept; of the rest nothing is.
func (c workloadCase) keeps(calls, events int, lag quantiles) string {
	if !c.promised {
		return "-"
	}
	return verdict(float64(calls) <= mostCalls*float64(events) && lag.p99 < mostStaleness)
}

// percent is the reduction by which so many are left of a whole.
func percent(left, whole int) float64 { return 100 * (1 - float64(left)/float64(whole)) }

// short is a time of the workload as it runs.
func (l *lab) short(d time.Duration) time.Duration { return d / time.Duration(l.compress) }

// run has everybody visit, and returns what was seen and how often the application was asked for it.
func (c workloadCase) run(ctx context.Context, l *lab, all []visit) (*jobPages, int, error) {
	addr, err := freeport.Address()
	if err != nil {
		return nil, 0, err
	}
	app := newJobs()
	for _, v := range all {
		app.change(v.id) // the state that is there from the beginning
	}
	stopApp, err := serveAt(addr, app.handler())
	if err != nil {
		return nil, 0, err
	}
	defer stopApp()
	servers, stop, err := l.startAll(ctx, c.server(addr))
	defer stop()
	if err != nil || len(servers) == 0 {
		return nil, 0, err
	}
	t := newToldOf(c.source, app, servers[0])
	if err := t.heartbeat(ctx); err != nil {
		return nil, 0, err
	}
	pages := &jobPages{
		jobs: app, addr: servers[0].addr, every: l.short(jobPollEvery), pushed: c.stage == "push", polling: c.pollsOnce,
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: len(all), DisableCompression: true}},
	}
	var everybody sync.WaitGroup
	for _, v := range all {
		everybody.Go(func() { pages.stay(ctx, v) })
		for _, at := range v.changes {
			everybody.Go(func() { t.change(ctx, v.id, at) })
		}
	}
	everybody.Wait()
	pages.client.CloseIdleConnections()
	if pages.failed == nil {
		pages.failed = t.failed()
	}
	return pages, app.called(), pages.failed
}

// server is a Pollard in front of an application, whose configuration has real times, compressed.
func (c workloadCase) server(application string) maker {
	return func(l *lab) (command, error) {
		interval := l.short(jobPollEvery).String()
		if c.auto {
			interval = "auto"
		}
		return l.serve(strings.TrimSpace("pollard "+c.name), "jobs.yml", struct {
			Application, Stage, Source, Interval             string
			Least, Minute, Lease, Safety, Longest, Staleness time.Duration
		}{
			application, c.stage, c.source, interval,
			l.short(time.Second), l.short(time.Minute), max(l.short(c.bound), time.Second), max(l.short(c.bound), time.Second), l.short(time.Hour), l.short(jobPollEvery),
		})
	}
}
