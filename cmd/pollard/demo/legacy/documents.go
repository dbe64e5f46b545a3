package legacy

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// Poll intervals in milliseconds: what moves is asked for more often than what has come to rest.
const (
	pollMoving  = 3_000
	pollResting = 10_000
)

// routeOf returns the name of the polled route that path is on, or "". The stamp layer asks it, before the application has looked.
func routeOf(path string) string {
	if path == ImportPath {
		return RouteImport
	}
	if id, ok := strings.CutPrefix(path, "/group/project/-/jobs/"); ok {
		if id, ok = strings.CutSuffix(id, ".json"); ok && oneSegment(id) {
			return RouteJob
		}
	}
	if id, ok := strings.CutPrefix(path, "/group/project/-/issues/"); ok {
		if id, ok = strings.CutSuffix(id, "/realtime_changes"); ok && oneSegment(id) {
			return RouteIssue
		}
	}
	return ""
}

func oneSegment(s string) bool { return s != "" && !strings.Contains(s, "/") }

// answer is what a polled URL says to one person.
type answer struct {
	body         any
	pollInterval int  // milliseconds; 0: the page need not ask again, and no field is sent
	negotiated   bool // the format was chosen by Accept, not by the path
}

// polled serves an answer as JSON to people who are signed in. Both errors carry the stamp that is already on w.
func (a *App) polled(find func(r *http.Request, person string) (answer, bool)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		person := a.Person(r)
		if person == "" {
			refuse(w, http.StatusUnauthorized, "You need to sign in before continuing.")
			return
		}
		found, ok := find(r, person)
		if !ok {
			refuse(w, http.StatusNotFound, "Not found")
			return
		}
		privately(w, r)
		if found.negotiated {
			w.Header().Set("Vary", "Accept")
		}
		if found.pollInterval > 0 {
			w.Header().Set("Poll-Interval", strconv.Itoa(found.pollInterval))
		}
		writeJSON(w, http.StatusOK, found.body)
	}
}

// privately sets the fields of an answer to somebody who is signed in. A page's own request may be kept and revalidated; what a person
// opens as a document may not, so that the back button shows nothing after sign-out.
func privately(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=0, private, must-revalidate, no-store")
	if r.Header.Get("X-Requested-With") == "XMLHttpRequest" {
		w.Header().Set("Cache-Control", "max-age=0, private, must-revalidate")
	}
	w.Header().Set("Pragma", "no-cache")
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Cache-Control", "no-cache")
	writeJSON(w, status, map[string]string{"error": why})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // a document of plain fields always marshals
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}

func (a *App) findJob(r *http.Request, person string) (answer, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := strings.TrimSuffix(r.PathValue("id"), ".json")
	j := numbered(a.jobs, id)
	if j == nil {
		return answer{}, false
	}
	interval := pollResting
	if j.active() {
		interval = pollMoving
	}
	return answer{body: j.document(person), pollInterval: interval}, true
}

func (a *App) findIssue(r *http.Request, person string) (answer, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := numbered(a.issues, r.PathValue("id"))
	if i == nil {
		return answer{}, false
	}
	return answer{body: i.document(person), pollInterval: pollMoving, negotiated: true}, true
}

func (a *App) findImport(_ *http.Request, person string) (answer, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	projects := a.imports[person]
	interval := pollMoving
	if complete(projects) {
		interval = 0
	}
	return answer{body: importDocument(projects, person), pollInterval: interval}, true
}

// numbered returns the document with the number that id spells, counted from 1, or nil. Other spellings of a number are other paths.
func numbered[T any](documents []*T, id string) *T {
	n, err := strconv.Atoi(id)
	if err != nil || n < 1 || n > len(documents) || strconv.Itoa(n) != id {
		return nil
	}
	return documents[n-1]
}
