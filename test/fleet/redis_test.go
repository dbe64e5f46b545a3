package fleet

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// load is what Redis had to do: commands, among them the scripts, and how long these took; and bytes.
type load struct{ commands, scripts, microseconds, in, out float64 }

// loadOf reads what Redis has done since it began.
func (f *fleet) loadOf(t *testing.T) load {
	t.Helper()
	figure := func(section, pattern string) float64 {
		found := regexp.MustCompile(pattern).FindStringSubmatch(f.redis.Do(t, "INFO", section))
		if found == nil {
			return 0 // not called yet
		}
		n, err := strconv.ParseFloat(found[1], 64)
		if err != nil {
			t.Fatalf("%s: %v", pattern, err)
		}
		return n
	}
	return load{
		commands:     figure("stats", `total_commands_processed:(\d+)`),
		scripts:      figure("commandstats", `cmdstat_evalsha:calls=(\d+)`),
		microseconds: figure("commandstats", `cmdstat_evalsha:calls=\d+,usec=(\d+)`),
		in:           figure("stats", `total_net_input_bytes:(\d+)`),
		out:          figure("stats", `total_net_output_bytes:(\d+)`),
	}
}

// each is what an interval takes, measured over some, doing what there is to do each time.
func (f *fleet) each(t *testing.T, intervals int, do func()) load {
	t.Helper()
	began := time.Now()
	before := f.loadOf(t)
	for range intervals {
		do()
		<-time.After(interval)
	}
	after := f.loadOf(t)
	n := time.Since(began).Seconds() / interval.Seconds() // reading takes its time, too, on a busy machine
	return load{
		(after.commands - before.commands) / n, (after.scripts - before.scripts) / n, (after.microseconds - before.microseconds) / n,
		(after.in - before.in) / n, (after.out - before.out) / n,
	}
}

func (l load) String() string {
	return fmt.Sprintf("%.1f commands, %.1f of them scripts that took %.0fµs in all, %.0f bytes in, %.0f out", l.commands, l.scripts, l.microseconds, l.in, l.out)
}

// What is logged stands in docs/scaling.md. Redis counts what a script calls as commands of their own.
func TestAPollFromMemoryCostsRedisNothing(t *testing.T) {
	f := assemble(t, "stage: push", "share: everything")
	intervals := 2
	if *strict {
		intervals = 20
	}
	c := gather(t, f)
	<-time.After(interval)
	before := c.polls.Load()
	polled := f.each(t, intervals, func() {})
	polls := float64(c.polls.Load()-before) / float64(intervals)
	t.Logf("%.0f polls: %v", polls, polled)
	if most := float64(4 * instances); polled.scripts > most {
		t.Errorf("got %.1f scripts an interval for %.0f polls, want at most %.0f: each instance asks and looks at the rollout, and one tells",
			polled.scripts, polls, most)
	}
	t.Logf("%.0f polls and a change: %v", polls, f.each(t, intervals, f.upstream.change))
	gatherWatchers(t, f)
	<-time.After(interval)
	t.Logf("and %d watchers: %v", watchers, f.each(t, intervals, func() {}))
	t.Logf("and %d watchers and a change: %v", watchers, f.each(t, intervals, f.upstream.change))
	isAnswered(t, c)
}
