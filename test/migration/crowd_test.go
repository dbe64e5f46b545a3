package migration

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

// gathering is who polls what.
type gathering struct {
	paths              []string // one for each actor, in turn
	treated, untreated []string // actors
	every              time.Duration
}

// crowd polls one route without conditions, until the test ends.
type crowd struct {
	gathering
	client  *http.Client
	front   atomic.Value // string
	answers [2]atomic.Int64
}

// poller is one of them.
type poller struct {
	name, path string
	first      time.Duration // until it polls first
}

// cast returns so many actors that are in an arm.
func cast(p *rollout.Policy, arm rollout.Arm, n int) []string {
	var names []string
	for i := 0; len(names) < n; i++ {
		if name := fmt.Sprintf("user-%d", i); p.Arm(name) == arm {
			names = append(names, name)
		}
	}
	return names
}

// policy is what a route has where it sets no more than this.
func policy(name string, stage rollout.Stage, percent rollout.Percent) *rollout.Policy {
	return &rollout.Policy{Stage: stage, Percent: percent, Holdout: 1_000, Flag: "pollard_" + name}
}

// gather has actors poll through a front door.
func gather(t *testing.T, front string, g gathering) *crowd {
	c := &crowd{gathering: g, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: len(g.treated) + len(g.untreated)}}}
	c.front.Store(front)
	ctx, cancel := context.WithCancel(context.Background())
	var polling sync.WaitGroup
	for side, names := range [][]string{g.treated, g.untreated} {
		for i, name := range names {
			first := g.every * time.Duration(i) / time.Duration(len(names))
			who := poller{name, g.paths[i%len(g.paths)], first}
			polling.Go(func() { c.poll(ctx, who, &c.answers[side]) })
		}
	}
	t.Cleanup(func() { cancel(); polling.Wait(); c.client.CloseIdleConnections() })
	return c
}

// poll asks again and again. Whether it fails is for the guards to see.
func (c *crowd) poll(ctx context.Context, who poller, answers *atomic.Int64) {
	for wait := who.first; ; wait = c.every {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.front.Load().(string)+who.path, nil)
		if err != nil {
			return
		}
		r.Header.Set("Cookie", "user="+who.name)
		resp, err := c.client.Do(r)
		if err != nil {
			continue
		}
		_, _ = io.Copy(io.Discard, resp.Body) // a body that breaks off is a poll too
		resp.Body.Close()
		answers.Add(1)
	}
}

// eventuallyPolls waits until so many more polls of anybody were answered.
func (c *crowd) eventuallyPolls(p *pollard, more int64) {
	p.t.Helper()
	want := c.all() + more
	p.eventually(func() error {
		if n := c.all(); n < want {
			return fmt.Errorf("%d polls, want %d", n, want)
		}
		return nil
	})
}

// hasPolled reports an error until so many polls of each side were answered.
func (c *crowd) hasPolled(n int64) error {
	if least := c.least(); least < n {
		return fmt.Errorf("%d polls of a side, want %d of each", least, n)
	}
	return nil
}

// least returns how many polls of the side were answered that has fewer.
func (c *crowd) least() int64 { return min(c.answers[0].Load(), c.answers[1].Load()) }

func (c *crowd) all() int64 { return c.answers[0].Load() + c.answers[1].Load() }
