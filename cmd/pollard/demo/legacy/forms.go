package legacy

import (
	"cmp"
	"net/http"
	"time"
)

// changeJob answers the buttons of a job page. Each is a form, followed by a redirect back to the page.
func (a *App) changeJob(change func(*job)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		switch {
		case !member(a.Person(r)):
			refuse(w, http.StatusForbidden, "Only members of the project may do this.")
		case !a.withJob(r, id, change):
			refuse(w, http.StatusNotFound, "Not found")
		default:
			redirect(w, r, "/group/project/-/jobs/"+id)
		}
	}
}

func retryJob(j *job) {
	if !j.active() {
		j.retry()
	}
}

func cancelJob(j *job) {
	if j.active() {
		j.finish(canceled, time.Now())
	}
}

// finishJob brings a job to the end that it was coming to.
func finishJob(j *job) {
	if j.active() {
		j.started = cmp.Or(j.started, time.Now())
		j.lines = len(script())
		j.finish(j.verdict(), time.Now())
	}
}

// tickTask ticks the next task of an issue.
func (a *App) tickTask(w http.ResponseWriter, r *http.Request) {
	person, id := a.Person(r), r.PathValue("id")
	switch {
	case person == "":
		refuse(w, http.StatusUnauthorized, "You need to sign in before continuing.")
	case !a.withIssue(r, id, func(i *issue) { i.advance(time.Now(), person) }):
		refuse(w, http.StatusNotFound, "Not found")
	default:
		redirect(w, r, "/group/project/-/issues/"+id)
	}
}

// editIssue takes the edit form, and PUT from those who can send it.
func (a *App) editIssue(w http.ResponseWriter, r *http.Request) {
	person, title, id := a.Person(r), r.FormValue("title"), r.PathValue("id")
	edit := func(i *issue) {
		i.title = title
		i.edited(time.Now(), person)
	}
	switch {
	case person == "":
		refuse(w, http.StatusUnauthorized, "You need to sign in before continuing.")
	case title == "" || len(title) > 255:
		refuse(w, http.StatusUnprocessableEntity, "A title has 1 to 255 bytes.")
	case !a.withIssue(r, id, edit):
		refuse(w, http.StatusNotFound, "Not found")
	default:
		redirect(w, r, "/group/project/-/issues/"+id)
	}
}

// restartImport starts a person's imports again.
func (a *App) restartImport(w http.ResponseWriter, r *http.Request) {
	a.withImports(r, func(imports map[string][]*project) { restart(imports[a.Person(r)]) })
	redirect(w, r, "/import/github")
}
