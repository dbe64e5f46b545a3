package demo

import (
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
)

//go:embed page
var pageFiles embed.FS

// pagePolicy lets the page frame the application on its two ports, under the name of this machine that the browser uses.
const pagePolicy = "default-src 'self'; frame-src http://127.0.0.1:* http://localhost:*"

// A side is one of the page's two columns.
type side int

const (
	through side = iota // the proxy
	direct
)

// A sideBySide is the page that shows one document twice. A browser sends cookies to a host whatever the port, so one session serves
// both columns, and the page signs its visitor in by setting it itself.
type sideBySide struct {
	app       *legacy.App
	documents []string
	delays    *delays

	mu    sync.Mutex
	calls map[caller]int // polls that reached the application
}

// caller is who polled what, and which way. Probes that carry no credential have no session.
type caller struct {
	side          side
	path, session string
}

func newSideBySide(app *legacy.App, d *delays) *sideBySide {
	return &sideBySide{app: app, documents: app.Documents(), delays: d, calls: map[caller]int{}}
}

// count takes note of a call. Paths that are no documents are not counted, so that strangers cannot make the map grow.
func (v *sideBySide) count(by side, c legacy.Call) {
	if !slices.Contains(v.documents, c.Path) {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls[caller{by, c.Path, c.Session}]++
}

// A sight is what the page shows.
type sight struct {
	proxy, direct *url.URL      // the application's two addresses
	script        func() string // the further script of the pages at the first, "" for none
	look          func() scene
}

// handler serves the page, its stream of counts, and its two buttons.
func (v *sideBySide) handler(s sight) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", v.page(s))
	mux.HandleFunc("GET /page/{file}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, pageFiles, "page/"+r.PathValue("file"))
	})
	mux.HandleFunc("GET /events", v.events(s))
	mux.HandleFunc("POST /change", v.change)
	mux.HandleFunc("POST /step", v.step(s.proxy))
	mux.HandleFunc("POST /shown", v.shown)
	return http.NewCrossOriginProtection().Handler(mux)
}

// page signs the visitor in as whoever they were, in a session of their own: so the calls of one page can be told from all others.
func (v *sideBySide) page(s sight) http.HandlerFunc {
	html := template.Must(template.ParseFS(pageFiles, "page/index.html"))
	return func(w http.ResponseWriter, r *http.Request) {
		person := v.app.Person(r)
		if person == "" {
			person = legacy.People()[0]
		}
		http.SetCookie(w, v.app.SignIn(person))
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", pagePolicy)
		w.Header().Set("Cache-Control", "no-store")
		content := map[string]any{"Through": s.proxy.Port(), "Direct": s.direct.Port(), "Script": s.script(), "Documents": v.choices()}
		if err := html.Execute(w, content); err != nil {
			return // the visitor is gone
		}
	}
}

type choice struct{ Poll, Page string }

func (v *sideBySide) choices() []choice {
	var choices []choice
	for _, path := range v.documents {
		choices = append(choices, choice{path, legacy.PageOf(path)})
	}
	return choices
}

// change moves a document on as it goes on by itself: nothing of that passes the proxy.
func (v *sideBySide) change(w http.ResponseWriter, r *http.Request) {
	if err := v.app.Change(r.FormValue("path")); err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// shown is told by the page what a column shows.
func (v *sideBySide) shown(w http.ResponseWriter, r *http.Request) {
	if v.app.Person(r) == "" {
		http.Error(w, "open the page first", http.StatusForbidden)
		return
	}
	by := column{through, sessionOf(r)}
	if r.FormValue("side") == "direct" {
		by.side = direct
	}
	v.delays.shown(by, r.FormValue("view"), r.FormValue("path"), r.FormValue("tag"))
	w.WriteHeader(http.StatusNoContent)
}
