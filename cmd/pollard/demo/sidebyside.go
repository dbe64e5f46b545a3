package demo

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
)

//go:embed page
var pageFiles embed.FS

// pagePolicy lets the page frame the application on its two ports, under the name of this machine that the browser uses.
const pagePolicy = "default-src 'self'; frame-src http://127.0.0.1:* http://localhost:*"

// news is the time between two events on the page's stream.
const news = 500 * time.Millisecond

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

	mu    sync.Mutex
	calls map[caller]int // polls that reached the application
}

// caller is who polled what, and which way. Probes that carry no credential have no session.
type caller struct {
	side          side
	path, session string
}

func newSideBySide(app *legacy.App) *sideBySide {
	return &sideBySide{app: app, documents: app.Documents(), calls: map[caller]int{}}
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

// handler serves the page, its stream of counts, and the button that changes a document.
func (v *sideBySide) handler(proxy, plain *url.URL, look func() scene) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", v.page(proxy, plain))
	mux.HandleFunc("GET /page/{file}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, pageFiles, "page/"+r.PathValue("file"))
	})
	mux.HandleFunc("GET /events", v.events(look))
	mux.HandleFunc("POST /change", v.change)
	return http.NewCrossOriginProtection().Handler(mux)
}

// page signs the visitor in as whoever they were, in a session of their own: so the calls of one page can be told from all others.
func (v *sideBySide) page(proxy, plain *url.URL) http.HandlerFunc {
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
		content := map[string]any{"Through": proxy.Port(), "Direct": plain.Port(), "Documents": v.choices()}
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

func (v *sideBySide) change(w http.ResponseWriter, r *http.Request) {
	if err := v.app.Change(r.FormValue("path")); err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// reached are the calls for one document that got as far as the application.
type reached struct {
	Through int `json:"through"` // in the visitor's session, through the proxy
	Direct  int `json:"direct"`  // in the visitor's session, without it
	Shared  int `json:"shared"`  // through the proxy, without credentials, on everybody's behalf
}

// event is what the page is told.
type event struct {
	Seconds   int                `json:"seconds"`
	Routes    []row              `json:"routes"`
	Total     totals             `json:"total"`
	Received  uint64             `json:"received"`
	Documents map[string]reached `json:"documents"`
}

// events streams the counts for as long as the page is open.
func (v *sideBySide) events(look func() scene) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		ticker := time.NewTicker(news)
		defer ticker.Stop()
		for {
			data, err := json.Marshal(v.event(look(), r))
			if err != nil {
				panic(err) // plain fields always marshal
			}
			if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil {
				return // the page is gone
			}
			http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-ticker.C:
			}
		}
	}
}

func (v *sideBySide) event(sc scene, r *http.Request) event {
	session := ""
	if cookie, err := r.Cookie(legacy.SessionCookie); err == nil {
		session = cookie.Value
	}
	e := event{
		Seconds: int(sc.Elapsed.Seconds()), Routes: sc.Rows, Total: sum(sc.routes()), Received: sc.received(),
		Documents: map[string]reached{},
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, path := range v.documents {
		e.Documents[path] = reached{
			Through: v.calls[caller{through, path, session}], Direct: v.calls[caller{direct, path, session}],
			Shared: v.calls[caller{through, path, ""}],
		}
	}
	return e
}
