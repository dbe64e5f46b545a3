//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// toldOf changes jobs, and tells Pollard in one way or in none.
type toldOf struct {
	source string
	jobs   *jobs
	server *process
	client *http.Client

	mu  sync.Mutex
	err error // the last failure
}

func newToldOf(source string, j *jobs, s *process) *toldOf {
	return &toldOf{source: source, jobs: j, server: s, client: &http.Client{Timeout: 10 * time.Second}}
}

// change takes a job to its next state, so long after the beginning.
func (t *toldOf) change(ctx context.Context, id string, at time.Duration) {
	if !sleep(ctx, at) {
		return
	}
	var err error
	switch t.source {
	case byWrite:
		err = t.send(ctx, http.MethodPut, "http://"+t.server.addr+"/api/jobs/"+id, "")
	case byTouch:
		t.jobs.change(id)
		err = t.touch(ctx, fmt.Sprintf(`{"paths":["/jobs/%s"]}`, id))
	default:
		t.jobs.change(id)
	}
	if err != nil && ctx.Err() == nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.err = err
	}
}

// heartbeat proves that touches come, before the first.
func (t *toldOf) heartbeat(ctx context.Context) error {
	if t.source != byTouch {
		return nil
	}
	return t.touch(ctx, `{"heartbeat":true}`)
}

func (t *toldOf) touch(ctx context.Context, body string) error {
	return t.send(ctx, http.MethodPost, "http://"+t.server.admin+"/api/v1/touch", body)
}

func (t *toldOf) send(ctx context.Context, method, url, body string) error {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := t.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		return fmt.Errorf("%s %s was answered %s", method, url, answer.Status)
	}
	return nil
}

func (t *toldOf) failed() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// serveAt serves h in this process until stop is called, which waits.
func serveAt(addr string, h http.Handler) (stop func(), err error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve the application: %w", err)
	}
	s, ended := &http.Server{Handler: h}, make(chan struct{})
	go func() {
		s.Serve(l) // until it is closed
		ended <- struct{}{}
	}()
	return func() { s.Close(); <-ended }, nil
}
