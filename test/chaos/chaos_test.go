package chaos

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/nameserver"
	"github.com/pollard-proxy/pollard/test/program"
	"github.com/pollard-proxy/pollard/test/redistest"
)

var (
	length = flag.Duration("storm", 6*time.Second, "how long things go wrong; make chaos has ten minutes")
	seed   = flag.Uint64("seed", 1, "decides which things, when and for how long")
)

// patience is how long things may take to be well once they can be.
const patience = 40 * time.Second

func TestAStormLeavesNothingWrong(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short there are no storms")
	}
	s := &scene{upstream: newUpstream(t, 2), redis: redistest.Start(t), pairs: newPairs(t), names: nameserver.Start(t)}
	s.names.Host(name, at)
	s.rolled = s.deploy(t, 0, disk{path: t.TempDir()})
	s.steady = s.deploy(t, 1, newDisk(t))
	before := s.calm(t)

	c := gather(s.pairs.trusted, s.rolled, s.steady)
	t.Cleanup(c.goHome)
	s.storm(t, *seed, *length)
	s.upstream.change()
	newest := s.upstream.newest()
	if err := program.Until(patience, func() error { return c.awaits(newest, 2*users*4) }); err != nil {
		t.Errorf("after the storm: %v", err)
	}
	c.goHome()
	t.Logf("%d documents told, %d polls and sockets failed; upstream is %v", c.told, c.hiccups, s.upstream)
	if err := errors.Join(c.wrongs...); err != nil {
		t.Errorf("with the seed %d: %v", *seed, err)
	}
	if err := program.Until(patience, func() error { return s.countersClose(c) }); err != nil {
		t.Error(err)
	}
	if err := program.Until(patience, func() error { return s.leftNothing(before) }); err != nil {
		t.Error(err)
	}
}

// calm returns what the steady instance has open while nobody is there.
func (s *scene) calm(t *testing.T) figures {
	t.Helper()
	f, err := s.steady.figures()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// countersClose compares the steady instance's counters with what clients and upstream have counted.
func (s *scene) countersClose(c *crowd) error {
	f, err := s.steady.figures()
	if err != nil {
		return err
	}
	c.mu.Lock()
	sent := c.sent[s.steady]
	c.mu.Unlock()
	if got := f.sum("pollard_polls_total"); got != float64(sent) {
		return fmt.Errorf("got %v polls by outcome, want the %d that were sent", got, sent)
	}
	if got, want := f.sum("pollard_upstream_requests_total"), s.upstream.askedThrough(1); got != float64(want) {
		return fmt.Errorf("got %v requests by reason, want upstream's %d", got, want)
	}
	return nil
}

// slack is what an instance may have open that it had not: connections to Redis that its pool keeps, and those of
// who looks.
const slack = 24

// leftNothing compares what the steady instance has open with what it had before anybody came.
func (s *scene) leftNothing(before figures) error {
	for _, door := range s.upstream.doors {
		door.CloseClientConnections()
	}
	http.DefaultClient.CloseIdleConnections()
	f, err := s.steady.figures()
	if err != nil {
		return err
	}
	for _, name := range []string{"go_goroutines", "process_open_fds"} {
		if f[name] > before[name]+slack {
			return fmt.Errorf("got %v of %s, want the %v before and at most %d more", f[name], name, before[name], slack)
		}
	}
	if f.sum("pollard_watchers") != 0 {
		return fmt.Errorf("got %v watchers, want none", f.sum("pollard_watchers"))
	}
	return nil
}
