package legacy

import (
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
		case !a.withJob(id, change):
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
	case !a.withIssue(id, edit):
		refuse(w, http.StatusNotFound, "Not found")
	default:
		redirect(w, r, "/group/project/-/issues/"+id)
	}
}

// restartImport starts a person's imports again.
func (a *App) restartImport(w http.ResponseWriter, r *http.Request) {
	a.withImports(func(imports map[string][]*project) { restart(imports[a.Person(r)]) })
	redirect(w, r, "/import/github")
}
