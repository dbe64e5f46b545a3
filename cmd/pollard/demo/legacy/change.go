package legacy

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// The three functions below are the only writers of documents. Each renews the stamp after the change, never before it: a poll in between
// gets a new body under an old stamp and comes back for it, whereas an old body under the new stamp would be shown for good. A change is
// made by a request, or, without one, happens by itself.

func (a *App) withJob(by *http.Request, id string, change func(*job)) bool {
	if !withNumbered(a, a.jobs, id, change) {
		return false
	}
	a.edited("/group/project/-/jobs/"+id+".json", by)
	return true
}

func (a *App) withIssue(by *http.Request, id string, change func(*issue)) bool {
	if !withNumbered(a, a.issues, id, change) {
		return false
	}
	a.edited("/group/project/-/issues/"+id+"/realtime_changes", by)
	return true
}

func (a *App) withImports(by *http.Request, change func(map[string][]*project)) {
	a.mu.Lock()
	change(a.imports)
	a.mu.Unlock()
	a.edited(ImportPath, by)
}

// withNumbered changes the document with the number that id spells, and reports whether there is one.
func withNumbered[T any](a *App, documents []*T, id string, change func(*T)) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	document := numbered(documents, id)
	if document == nil {
		return false
	}
	change(document)
	return true
}

// Documents lists the polled paths that exist, jobs first.
func (a *App) Documents() []string {
	var paths []string
	for id := range a.jobs {
		paths = append(paths, fmt.Sprintf("/group/project/-/jobs/%d.json", id+1))
	}
	for id := range a.issues {
		paths = append(paths, fmt.Sprintf("/group/project/-/issues/%d/realtime_changes", id+1))
	}
	return append(paths, ImportPath)
}

// PageOf returns the page that polls path, one of Documents.
func PageOf(path string) string {
	if path == ImportPath {
		return "/import/github"
	}
	return strings.TrimSuffix(strings.TrimSuffix(path, ".json"), "/realtime_changes")
}

// Change moves the document that is polled at path one step on and renews its stamp: a job a line or a state, an issue a task, everybody's
// import a batch. The error says that there is no such document.
func (a *App) Change(path string) error {
	now, changed := time.Now(), false
	id := PageOf(path)[strings.LastIndexByte(PageOf(path), '/')+1:]
	switch routeOf(path) {
	case RouteJob:
		changed = a.withJob(nil, id, func(j *job) { j.advance(now) })
	case RouteIssue:
		changed = a.withIssue(nil, id, func(i *issue) { i.advance(now, "robot") })
	case RouteImport:
		a.withImports(nil, advanceAll)
		changed = true
	}
	if !changed {
		return fmt.Errorf("changing %s: no such document", path)
	}
	return nil
}

// Run changes documents at random moments until ctx ends: jobs three times as often as the rest, as they print line after line.
func (a *App) Run(ctx context.Context) {
	random := rand.New(rand.NewPCG(a.options.Seed, 1))
	paths := a.Documents()
	jobs := paths[:len(a.jobs)]
	paths = append(append(paths, jobs...), jobs...)
	for {
		pause := time.Duration(random.ExpFloat64() * float64(a.options.ChangeEvery))
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		if err := a.Change(paths[random.IntN(len(paths))]); err != nil {
			panic(err) // Documents listed it
		}
	}
}
