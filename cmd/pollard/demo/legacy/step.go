package legacy

import (
	"net/http"
	"strings"
)

// A Step is what somebody who reads a document can do next to it: a form of its page.
type Step struct {
	Label  string `json:"label"`
	Target string `json:"-"` // a path to POST to
}

// NextStep returns the step for the document that is polled at path, one of Documents.
func (a *App) NextStep(path string) Step {
	page := PageOf(path)
	switch routeOf(path) {
	case RouteJob:
		if a.jobIsActive(page[strings.LastIndexByte(page, '/')+1:]) {
			return Step{"Finish the job", page + "/finish"}
		}
		return Step{"Run the job again", page + "/retry"}
	case RouteIssue:
		return Step{"Tick a task", page + "/tasks"}
	}
	return Step{"Start the import again", page}
}

func (a *App) jobIsActive(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	j := numbered(a.jobs, id)
	return j != nil && j.active()
}

// An Edit is a change that has been made to one document.
type Edit struct {
	Path    string // where the document is polled
	Tag     string // its stamp from now on
	Session string // of who made it; "" for what happens by itself
}

// edited renews the stamp of a document that has been changed, and tells whoever wants to know.
func (a *App) edited(path string, by *http.Request) {
	tag, ok := a.stamps.touch(path)
	if !ok {
		return
	}
	e := Edit{Path: path, Tag: tag}
	if by != nil {
		e.Session = a.session.known(by)
	}
	if a.options.Edited != nil {
		a.options.Edited(e)
	}
}
