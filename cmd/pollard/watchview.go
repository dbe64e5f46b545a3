package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pollard-proxy/pollard/proxy/admin"
)

const (
	// watchEvery is between two looks.
	watchEvery = time.Second
	// sparkWidth is how many looks a sparkline has.
	sparkWidth = 30
)

// A watchView turns the totals of one look after another into rates.
type watchView struct {
	at     time.Time
	totals map[string]admin.Route
	polls  map[string][]float64 // a second, of the last looks
	calls  map[string]float64   // a second, of the last look
}

// watchRoutes shows the routes' rates until ctx ends: redrawn in place on a terminal,
// else a table each look. An instance that does not answer is said so, and looked for
// again.
func watchRoutes(ctx context.Context, w io.Writer, client *adminClient) error {
	onTerminal := isTerminal(w)
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var v watchView
	drawn := 0
	for {
		text := v.look(ctx, client)
		if ctx.Err() != nil {
			return nil
		}
		if onTerminal {
			text = redrawn(text, drawn)
			drawn = strings.Count(text, "\n")
		}
		if _, err := io.WriteString(w, text); err != nil {
			return fmt.Errorf("writing the routes: %w", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// redrawn puts text in the place of the lines drawn before. Lines do not wrap: a
// narrow terminal cuts them instead of adding some that nobody counts.
func redrawn(text string, before int) string {
	up := ""
	if before > 0 {
		up = fmt.Sprintf("\x1b[%dA\x1b[J", before)
	}
	return up + "\x1b[?7l" + text + "\x1b[?7h"
}

func (v *watchView) look(ctx context.Context, client *adminClient) string {
	routes, err := client.routes(ctx)
	if err != nil {
		return fmt.Sprintf("%s  %v\n", time.Now().Format(time.TimeOnly), err)
	}
	v.saw(routes, time.Now())
	return v.table(routes)
}

// saw takes the rates since the last look. An instance that has restarted counts from
// 0 again: what it has counted since is all that is known.
func (v *watchView) saw(routes []admin.Route, now time.Time) {
	took := now.Sub(v.at).Seconds()
	first := v.totals == nil
	if first {
		v.polls = make(map[string][]float64)
	}
	totals, calls := make(map[string]admin.Route), make(map[string]float64)
	for _, r := range routes {
		totals[r.Name] = r
		if was, ok := v.totals[r.Name]; ok && !first {
			if r.Polls < was.Polls || r.Upstream < was.Upstream {
				was = admin.Route{}
			}
			calls[r.Name] = float64(r.Upstream-was.Upstream) / took
			history := append(v.polls[r.Name], float64(r.Polls-was.Polls)/took)
			v.polls[r.Name] = history[max(0, len(history)-sparkWidth):]
		}
	}
	v.at, v.totals, v.calls = now, totals, calls
}

func (v *watchView) table(routes []admin.Route) string {
	var b strings.Builder
	fmt.Fprintln(&b, v.at.Format(time.TimeOnly), killedNote(routes))
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ROUTE\tSTAGE\t%\tPOLLS/S\tCALLS/S\tWATCHERS\tREDUCTION\tMEASURED\tPOLLS/S OF LATE")
	for _, r := range routes {
		polls := "-"
		calls := "-"
		if h := v.polls[r.Name]; len(h) > 0 {
			polls, calls = fmt.Sprintf("%.1f", h[len(h)-1]), fmt.Sprintf("%.1f", v.calls[r.Name])
		}
		fmt.Fprintf(t, "%s\t%v%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", r.Name, r.Stage, mark(r), r.Percent, polls, calls, r.Watchers,
			percentage(r.Reduction), percentage(r.ReductionMeasured), sparkline(v.polls[r.Name]))
	}
	t.Flush() // to a strings.Builder, which does not fail
	return b.String()
}

func killedNote(routes []admin.Route) string {
	if len(routes) > 0 && routes[0].Killed {
		return " KILLED: every route passes through"
	}
	return ""
}

// sparkline draws values as bars, the highest of them full.
func sparkline(values []float64) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	most := 0.0
	for _, v := range values {
		most = max(most, v)
	}
	var b strings.Builder
	for _, v := range values {
		i := 0
		if most > 0 {
			i = int(v / most * float64(len(bars)-1))
		}
		b.WriteRune(bars[i])
	}
	return b.String()
}
