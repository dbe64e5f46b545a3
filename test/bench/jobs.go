//go:build linux

package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// jobs is the application of the workload: one document per job, which its owner alone may see.
type jobs struct {
	mu    sync.Mutex
	known map[string]*job
	calls int // for documents
}

type job struct {
	changed []time.Time // of each state, when it came to be; the first is from before anybody came
}

func newJobs() *jobs { return &jobs{known: map[string]*job{}} }

// handler serves the documents, and PUT, by which a runner tells of a job's next state.
func (j *jobs) handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", func(http.ResponseWriter, *http.Request) {})
	m.HandleFunc("GET /jobs/{id}", j.show)
	m.HandleFunc("PUT /api/jobs/{id}", func(w http.ResponseWriter, r *http.Request) {
		j.change(r.PathValue("id"))
		w.WriteHeader(http.StatusNoContent)
	})
	return m
}

func (j *jobs) show(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	state := j.seen(id)
	if r.Header.Get("Cookie") != sessionOf(id) {
		http.Error(w, "whose job is this", http.StatusForbidden)
		return
	}
	tag := fmt.Sprintf(`W/"%d"`, state)
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", railsDefault)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"id":%q,"state":%d}`, id, state) // fails when the client is gone
}

func sessionOf(id string) string { return "_session=" + id }

// seen counts a call, and returns the number of the job's state.
func (j *jobs) seen(id string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls++
	return len(j.of(id).changed)
}

// change takes the job to its next state.
func (j *jobs) change(id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	of := j.of(id)
	of.changed = append(of.changed, time.Now())
}

// changedSince returns when each state after the known one came to be, up to the one that is seen now.
func (j *jobs) changedSince(id string, known, now int) []time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]time.Time(nil), j.of(id).changed[known:now]...)
}

func (j *jobs) called() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.calls
}

// of is called with mu held.
func (j *jobs) of(id string) *job {
	if j.known[id] == nil {
		j.known[id] = &job{}
	}
	return j.known[id]
}
