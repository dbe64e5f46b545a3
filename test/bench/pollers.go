//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// pollersPlan is a crowd of pages that poll; JSON on the standard input of "pollers".
type pollersPlan struct {
	Addr, Target string
	Clients      int
	Identities   int           // the clients share so many cookies evenly
	Every, For   time.Duration // they poll at this interval until so long after the first page opened
}

// pollersResult is what they were answered; JSON on its standard output.
type pollersResult struct {
	Statuses map[int]int
	Failed   int    // polls without an answer
	Failure  string // of the last of them
}

// crowd is the pages at work.
type crowd struct {
	pollersPlan
	client *http.Client

	mu     sync.Mutex
	result pollersResult
}

func runPollers(ctx context.Context, in io.Reader, out io.Writer) error {
	c := &crowd{result: pollersResult{Statuses: map[int]int{}}}
	if err := json.NewDecoder(in).Decode(&c.pollersPlan); err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	c.client = &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: c.Clients, DisableCompression: true},
	}
	var pages sync.WaitGroup
	for i := range c.Clients {
		pages.Go(func() { c.page(ctx, i) })
	}
	pages.Wait()
	return json.NewEncoder(out).Encode(c.result)
}

// page polls like the i-th browser tab of the crowd: they were opened evenly over one interval, and each
// remembers the entity tag that it was given.
func (c *crowd) page(ctx context.Context, i int) {
	life, closed := context.WithTimeout(ctx, c.For)
	defer closed()
	if !sleep(life, c.Every*time.Duration(i)/time.Duration(c.Clients)) {
		return
	}
	tick := time.NewTicker(c.Every)
	defer tick.Stop()
	cookie, tag := fmt.Sprintf("_session=%032x", i%c.Identities), ""
	for {
		tag = c.poll(ctx, cookie, tag)
		select {
		case <-tick.C:
		case <-life.Done():
			return
		}
	}
}

// poll polls once and returns the entity tag that the page now has.
func (c *crowd) poll(ctx context.Context, cookie, tag string) string {
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+c.Addr+c.Target, nil)
	if err != nil {
		c.note(0, err)
		return tag
	}
	for _, f := range browserFields {
		r.Header.Set(f[0], f[1])
	}
	r.Header.Set("Cookie", cookie)
	if tag != "" {
		r.Header.Set("If-None-Match", tag)
	}
	answer, err := c.client.Do(r)
	if err == nil {
		defer answer.Body.Close()
		_, err = io.Copy(io.Discard, answer.Body)
	}
	if err != nil {
		c.note(0, err)
		return tag
	}
	c.note(answer.StatusCode, nil)
	return answer.Header.Get("ETag")
}

func (c *crowd) note(status int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.result.Failed++
		c.result.Failure = err.Error()
		return
	}
	c.result.Statuses[status]++
}
