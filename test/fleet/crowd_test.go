package fleet

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// crowd polls one document, each client once an interval and all at different moments. A client keeps to its instance
// until that does not answer, and then is sent to the next, as by a balancer.
type crowd struct {
	fronts  [instances]string
	client  *http.Client
	polls   atomic.Int64
	moved   atomic.Int64 // polls that another instance had to answer
	failed  atomic.Int64 // polls that nobody answered with 200 or 304
	slowest atomic.Int64 // nanoseconds that an answered poll took
}

// patience is how long a client waits for one instance.
const patience = 3 * time.Second

// gather has the crowd poll until the test ends.
func gather(t *testing.T, f *fleet) *crowd {
	c := &crowd{client: &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: *clients}}}
	for i, in := range f.instances {
		c.fronts[i] = in.front
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for i := range *clients {
		all.Go(func() { c.visit(ctx, i) })
	}
	t.Cleanup(func() {
		cancel()
		all.Wait()
		c.client.CloseIdleConnections()
	})
	return c
}

func (c *crowd) visit(ctx context.Context, number int) {
	begin := time.NewTimer(interval * time.Duration(number) / time.Duration(*clients))
	defer begin.Stop()
	select {
	case <-begin.C:
	case <-ctx.Done():
		return
	}
	again := time.NewTicker(interval)
	defer again.Stop()
	home, tag := number%instances, ""
	for {
		home, tag = c.poll(ctx, home, tag)
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// rounds are how often a client who is answered by nobody asks each instance. On a busy machine none may be in time.
func rounds() int {
	if *strict {
		return 1
	}
	return 10
}

// poll returns who has answered, and the tag.
func (c *crowd) poll(ctx context.Context, home int, tag string) (int, string) {
	c.polls.Add(1)
	for try := range rounds() * instances {
		at := (home + try) % instances
		began := time.Now()
		got, err := c.ask(ctx, at, tag)
		if err == nil {
			c.took(time.Since(began))
			return at, got
		}
		if ctx.Err() != nil {
			return at, tag
		}
		c.moved.Add(1)
	}
	c.failed.Add(1)
	return home, tag
}

// host is what all clients call the site, whichever instance they reach.
const host = "site.test"

func (c *crowd) ask(ctx context.Context, at int, tag string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.fronts[at]+"/doc", nil)
	if err != nil {
		return "", err
	}
	r.Host = host
	if tag != "" {
		r.Header.Set("If-None-Match", tag)
	}
	resp, err := c.client.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNotModified {
		return "", fmt.Errorf("status %d", resp.StatusCode)
	}
	return resp.Header.Get("Etag"), nil
}

func (c *crowd) took(d time.Duration) {
	for {
		most := c.slowest.Load()
		if int64(d) <= most || c.slowest.CompareAndSwap(most, int64(d)) {
			return
		}
	}
}

func (c *crowd) String() string {
	return fmt.Sprintf("%d polls, %d of them sent to another instance, %d unanswered, the slowest took %v",
		c.polls.Load(), c.moved.Load(), c.failed.Load(), time.Duration(c.slowest.Load()).Round(time.Millisecond))
}
