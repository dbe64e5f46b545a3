//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// jobPages are the open pages of one run, and what they saw.
type jobPages struct {
	jobs    *jobs
	addr    string // of the server
	every   time.Duration
	pushed  bool // they listen
	polling bool // those that listen poll once before
	client  *http.Client

	mu     sync.Mutex
	lags   []time.Duration // from a change to the page that shows it
	polls  int             // sent
	unseen int             // changes that no page has shown
	failed error           // the last failure
}

// stay is one visit, from the beginning of the run on.
func (p *jobPages) stay(ctx context.Context, v visit) {
	if !sleep(ctx, v.comes) {
		return
	}
	ctx, end := context.WithTimeout(ctx, v.stays)
	defer end()
	s := &sightseer{jobPages: p, visit: v}
	var err error
	if p.pushed {
		err = s.listen(ctx)
	} else {
		err = s.poll(ctx)
	}
	s.leave(err, ctx.Err() != nil)
}

// sightseer is one page that is open.
type sightseer struct {
	*jobPages
	visit
	state int // the newest that it has shown; 0 before the first
	tag   string
}

// poll asks until the visit ends.
func (s *sightseer) poll(ctx context.Context) error {
	again := time.NewTicker(s.every)
	defer again.Stop()
	for {
		if err := s.ask(ctx); err != nil {
			return err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *sightseer) ask(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+"/jobs/"+s.id, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Cookie", sessionOf(s.id))
	if s.tag != "" {
		r.Header.Set("If-None-Match", s.tag)
	}
	s.sent()
	answer, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusNotModified:
		return nil
	case http.StatusOK:
		s.tag = answer.Header.Get("ETag")
		return s.show(json.NewDecoder(answer.Body))
	}
	return fmt.Errorf("a poll was answered %s", answer.Status)
}

// listen is told until the visit ends.
func (s *sightseer) listen(ctx context.Context) error {
	if s.polling {
		if err := s.ask(ctx); err != nil {
			return err
		}
	}
	conn, answer, err := websocket.DefaultDialer.DialContext(ctx, "ws://"+s.addr+"/jobs/"+s.id, http.Header{"Cookie": {sessionOf(s.id)}, "Origin": {"http://" + s.addr}})
	if answer != nil && err != nil {
		return fmt.Errorf("a handshake was answered %s: %w", answer.Status, err)
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	for {
		_, told, err := conn.NextReader()
		if err != nil {
			return err
		}
		if err := s.show(json.NewDecoder(told)); err != nil {
			return err
		}
	}
}

// show takes in a document.
func (s *sightseer) show(body *json.Decoder) error {
	var d struct {
		ID    string
		State int
	}
	if err := body.Decode(&d); err != nil {
		return err
	}
	if d.ID != s.id {
		return fmt.Errorf("the page of job %s was given job %s", s.id, d.ID)
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state > 0 {
		for _, changed := range s.jobs.changedSince(s.id, s.state, max(s.state, d.State)) {
			s.lags = append(s.lags, now.Sub(changed))
		}
	}
	s.state = max(s.state, d.State)
	return nil
}

func (p *jobPages) sent() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.polls++
}

// leave ends a visit. That it was over is no failure.
func (s *sightseer) leave(err error, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unseen += 1 + len(s.visit.changes) - s.state
	if err != nil && !over {
		s.failed = err
	}
}
