package legacy

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
)

//go:embed assets templates
var files embed.FS

// pagePolicy lets the page be framed by pages on this machine's other ports, which is what the side-by-side view does, and run no script
// but the application's own.
const pagePolicy = "default-src 'self'; frame-ancestors 'self' http://127.0.0.1:* http://localhost:*"

// mux is the application proper, inside of the stamp layer. Forms are guarded against other sites by the Host and Origin that arrive, so
// they work behind a proxy only if it leaves both alone.
func (a *App) mux() http.Handler {
	mux := http.NewServeMux()
	job, jobDocument := a.documentPage("job", a.findJob), a.polled(a.findJob)
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /assets/{file}", asset)
	mux.HandleFunc("POST /users/sign_in", a.signIn)
	mux.HandleFunc("POST /users/sign_out", a.signOut)
	mux.HandleFunc("GET /group/project/-/jobs/{id}", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.PathValue("id"), ".json") {
			jobDocument(w, r)
			return
		}
		job(w, r)
	})
	mux.HandleFunc("POST /group/project/-/jobs/{id}/retry", a.changeJob(retryJob))
	mux.HandleFunc("POST /group/project/-/jobs/{id}/finish", a.changeJob(finishJob))
	mux.HandleFunc("POST /group/project/-/jobs/{id}/cancel", a.changeJob(cancelJob))
	mux.HandleFunc("GET /group/project/-/issues/{id}", a.documentPage("issue", a.findIssue))
	mux.HandleFunc("POST /group/project/-/issues/{id}", a.editIssue)
	mux.HandleFunc("PUT /group/project/-/issues/{id}", a.editIssue)
	mux.HandleFunc("POST /group/project/-/issues/{id}/tasks", a.tickTask)
	mux.HandleFunc("GET /group/project/-/issues/{id}/realtime_changes", a.polled(a.findIssue))
	mux.HandleFunc("GET /import/github", a.documentPage("import", a.findImport))
	mux.HandleFunc("POST /import/github", a.restartImport)
	mux.HandleFunc("GET "+ImportPath, a.polled(a.findImport))
	return http.NewCrossOriginProtection().Handler(mux)
}

// page is what every template is given.
type page struct {
	Person string
	People []string
	Path   string
	CSRF   string // as frameworks mask it: new with every page, so worthless as part of anybody's identity
	Jobs   []jobDocument
	Issues []issueDocument
	State  string // the document as its poll would answer now, as JSON
	PollMS int    // when to poll first, 0 when there is no need to
	Script string // of a further script, "" for none
}

func (a *App) home(w http.ResponseWriter, r *http.Request) {
	person := a.Person(r)
	if person == "" {
		a.page(w, r, http.StatusOK, "sign_in", nil)
		return
	}
	p := &page{}
	a.mu.Lock()
	for _, j := range a.jobs {
		p.Jobs = append(p.Jobs, j.document(person))
	}
	for _, i := range a.issues {
		p.Issues = append(p.Issues, i.document(person))
	}
	a.mu.Unlock()
	a.page(w, r, http.StatusOK, "home", p)
}

// documentPage shows one document and polls it from then on. Whoever is not signed in is sent to where they can be.
func (a *App) documentPage(name string, find func(*http.Request, string) (answer, bool)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		person := a.Person(r)
		if person == "" {
			redirect(w, r, "/")
			return
		}
		found, ok := find(r, person)
		if !ok {
			a.page(w, r, http.StatusNotFound, "not_found", nil)
			return
		}
		state, err := json.Marshal(found.body)
		if err != nil {
			panic(err) // a document of plain fields always marshals
		}
		a.page(w, r, http.StatusOK, name, &page{State: string(state), PollMS: found.pollInterval})
	}
}

// parseTemplates returns each page's template, every one with the layout around it.
func parseTemplates() map[string]*template.Template {
	templates := map[string]*template.Template{}
	for _, name := range []string{"sign_in", "home", "job", "issue", "import", "not_found"} {
		templates[name] = template.Must(template.ParseFS(files, "templates/layout.html", "templates/"+name+".html"))
	}
	return templates
}

// page renders one template inside of the layout.
func (a *App) page(w http.ResponseWriter, r *http.Request, status int, name string, p *page) {
	if p == nil {
		p = &page{}
	}
	p.Person, p.People, p.Path, p.CSRF = a.Person(r), People(), r.URL.Path, randomHex()
	p.Script = scriptOf(r)
	var body bytes.Buffer
	if err := a.templates[name].ExecuteTemplate(&body, "layout.html", p); err != nil {
		panic(err) // the templates are part of the binary
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Cache-Control", "max-age=0, private, must-revalidate, no-store")
	w.WriteHeader(status)
	w.Write(body.Bytes())
}

func asset(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=300")
	http.ServeFileFS(w, r, files, "assets/"+r.PathValue("file"))
}
