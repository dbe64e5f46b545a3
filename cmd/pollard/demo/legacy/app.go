// Package legacy is a web application as a team would have written it ten years ago, and whose pages poll: CI jobs, issues and imports,
// server-rendered HTML with a little script, sessions in a cookie, bodies that differ per person.
//
// Its polled answers follow the hardest real upstream that is known, GitLab's: the entity tag is a random stamp per path, renewed on each
// change and the same for everyone; a request that presents the current stamp is answered with 304 before anybody asks who is there; the
// stamp stands on every status, errors included; and Poll-Interval is on the application's own answers only, never on the 304.
//
// It counts every request that really reaches it, so that what a proxy claims can be checked against what the upstream saw.
package legacy

import (
	"html/template"
	"net/http"
	"sync"
	"time"
)

// The polled routes, by the names that metrics and configuration use.
const (
	RouteJob    = "job"
	RouteIssue  = "issue_realtime_changes"
	RouteImport = "import_realtime_changes"
)

// A Route is a set of polled URLs.
type Route struct {
	Name string // one of the Route constants
	Path string // a pattern: * is a run of characters within one segment
}

// Routes lists the polled routes, in the order in which they should be matched.
func Routes() []Route {
	return []Route{
		{RouteJob, "/group/project/-/jobs/*.json"},
		{RouteIssue, "/group/project/-/issues/*/realtime_changes"},
		{RouteImport, "/import/github/realtime_changes.json"},
	}
}

// Options set up an App. The zero value is usable.
type Options struct {
	Jobs        int           // CI jobs 1…Jobs; default 3
	Issues      int           // issues 1…Issues; default 2
	Render      time.Duration // how long the application takes over each answer that it renders; 304s are not rendered
	ChangeEvery time.Duration // mean time between two changes made by Run, all documents together; default 2.5 s
	Seed        uint64        // of what Run changes and when

	// Edited is told of every change, after its stamp has been renewed and from the goroutine that made it; nil: nobody is.
	Edited func(Edit)
}

func (o Options) withDefaults() Options {
	if o.Jobs == 0 {
		o.Jobs = 3
	}
	if o.Issues == 0 {
		o.Issues = 2
	}
	if o.ChangeEvery == 0 {
		o.ChangeEvery = 2500 * time.Millisecond
	}
	return o
}

// An App is the whole application. It is an http.Handler, safe for concurrent use.
type App struct {
	// Set by New, then read-only.
	options   Options
	templates map[string]*template.Template
	pages     http.Handler
	front     http.Handler
	stamps    *stamps
	session   *sessions
	tally     Tally

	mu      sync.Mutex // guards what the documents say
	jobs    []*job
	issues  []*issue
	imports map[string][]*project
}

// New returns an application with nobody signed in and nothing changing: either call Run, or make changes by hand with Change.
func New(o Options) *App {
	o = o.withDefaults()
	a := &App{
		options: o, templates: parseTemplates(), stamps: newStamps(), session: newSessions(),
		imports: map[string][]*project{},
	}
	for id := 1; id <= o.Jobs; id++ {
		a.jobs = append(a.jobs, newJob(id, time.Now()))
	}
	for id := 1; id <= o.Issues; id++ {
		a.issues = append(a.issues, newIssue(id))
	}
	for i, person := range People() {
		a.imports[person] = newImport(i)
	}
	a.pages = a.mux()
	a.front = a.Door(a.tally.Add)
	return a
}

// ServeHTTP answers a request at the front door, the one that Calls counts.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.front.ServeHTTP(w, r) }

// Calls returns what the front door has answered so far, by route and status.
func (a *App) Calls() Calls { return a.tally.Calls() }

// Door returns a further way into the same application, with the same sessions and documents. Its requests are told to seen once they
// are answered, from the goroutine that served them, and do not appear in Calls.
func (a *App) Door(seen func(Call)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watched := &watchedWriter{ResponseWriter: w, status: http.StatusOK}
		route := routeOf(r.URL.Path)
		call := Call{Path: r.URL.Path, Session: a.session.known(r)}
		if !isSubscription(r) {
			call.Route = route
		}
		defer func() {
			call.Status = watched.status
			seen(call)
		}()
		a.answerStamped(watched, r, route)
	})
}

// watchedWriter remembers the status that was sent.
type watchedWriter struct {
	http.ResponseWriter
	status int
}

func (w *watchedWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
