package migration

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// audience is everybody who visits one Pollard.
type audience struct {
	client *http.Client
	front  string
	began  time.Time
	polls  atomic.Int64 // that were begun

	mu     sync.Mutex
	errors []error
}

// live has a day pass and returns how many polls there were, and what went wrong.
func live(front string, visits []visit) (polls int, errs []error) {
	c := &audience{front: front, began: time.Now(), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: len(visits)}}}
	defer c.client.CloseIdleConnections()
	var tabs sync.WaitGroup
	for _, v := range visits {
		tabs.Go(func() {
			if err := c.visit(&v); err != nil {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.errors = append(c.errors, fmt.Errorf("%s of %s: %w", v.url, v.user, err))
			}
		})
	}
	tabs.Wait()
	return int(c.polls.Load()), c.errors
}

// visit polls until it is over, or until it is told instead.
func (c *audience) visit(v *visit) error {
	<-time.After(time.Until(c.began.Add(v.from)))
	over, cancel := context.WithDeadline(context.Background(), c.began.Add(v.until))
	defer cancel()
	var tag string
	for over.Err() == nil {
		resp, err := c.poll(v, tag)
		if err != nil {
			return err
		}
		tag = resp.Header.Get("Etag")
		if v.takesPush && resp.Header.Get("Pollard-Push") != "" {
			return c.watch(over, v, tag)
		}
		select {
		case <-time.After(v.wait):
		case <-over.Done():
		}
	}
	return nil
}

// poll asks once, without regard to when the visit ends: a poll that is begun is
// answered.
func (c *audience) poll(v *visit, tag string) (*http.Response, error) {
	c.polls.Add(1)
	r, err := http.NewRequest(http.MethodGet, c.front+v.url, nil)
	if err != nil {
		return nil, err
	}
	r.Header = v.cookie.Clone()
	if v.conditional && tag != "" {
		r.Header.Set("If-None-Match", tag)
	}
	resp, err := c.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode == http.StatusNotModified && v.conditional:
		return resp, nil
	case resp.StatusCode != http.StatusOK:
		return nil, errors.New(resp.Status)
	}
	return resp, v.mayHave(string(body))
}

// watch is told until the visit is over.
func (c *audience) watch(over context.Context, v *visit, tag string) error {
	r, err := http.NewRequestWithContext(over, http.MethodGet, c.front+v.url, nil)
	if err != nil {
		return err
	}
	r.Header = v.cookie.Clone()
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Last-Event-ID", tag)
	resp, err := c.client.Do(r)
	if err != nil {
		return unlessOver(over, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if err := v.mayHave(data); err != nil {
				return err
			}
		}
	}
	if over.Err() == nil {
		return fmt.Errorf("the stream has ended: %v", lines.Err())
	}
	return nil
}

func unlessOver(over context.Context, err error) error {
	if over.Err() != nil {
		return nil
	}
	return err
}

// mayHave reports an error for a body that is another document's, or somebody
// else's.
func (v *visit) mayHave(body string) error {
	reader := "everybody"
	if v.kind.personal {
		reader = v.user
	}
	if want := fmt.Sprintf(`{"path":%q,"for":%q,"state":`, v.url, reader); !strings.HasPrefix(body, want) {
		return fmt.Errorf("was given %s, want %s…", body, want)
	}
	return nil
}
