package admin

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/pollard-proxy/pollard/dashboards/console"
	"github.com/pollard-proxy/pollard/etag"
)

// policy keeps the console to what this listener serves (Content Security Policy
// Level 3).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// asset is a file of the console.
type asset struct {
	mediaType string
	body      []byte
	tag       etag.Tag
}

func newAsset(name, mediaType string) *asset {
	body := console.File(name)
	return &asset{mediaType, body, etag.FromBody(body)}
}

// serveConsole adds the console to what is served. It holds nothing of this
// instance, so no token is asked for: the page asks for one where its data need it.
func serveConsole(mux *http.ServeMux, index http.Handler) {
	page := newAsset(console.Page, "text/html; charset=utf-8")
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept")
		if accept := r.Header.Get("Accept"); strings.Contains(accept, "text/plain") && !strings.Contains(accept, "text/html") {
			index.ServeHTTP(w, r)
			return
		}
		page.ServeHTTP(w, r)
	})
	mux.Handle("GET /"+console.Script, newAsset(console.Script, "text/javascript; charset=utf-8"))
	mux.Handle("GET /"+console.Style, newAsset(console.Style, "text/css; charset=utf-8"))
	mux.Handle("GET /"+console.Icon, newAsset(console.Icon, "image/svg+xml"))
}

// ServeHTTP answers with the file, which browsers ask for each time: after an
// upgrade it is another.
func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fields := w.Header()
	fields.Set("Cache-Control", "no-cache")
	fields.Set("ETag", string(a.tag))
	fields.Set("Content-Security-Policy", policy)
	fields.Set("Referrer-Policy", "no-referrer")
	fields.Set("X-Content-Type-Options", "nosniff")
	if etag.ParseCondition(r.Header).NotModified(a.tag, "") {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	fields.Set("Content-Type", a.mediaType)
	fields.Set("Content-Length", fmt.Sprint(len(a.body)))
	w.Write(a.body) // an error is the client's going away
}

// buildID tells one build of Pollard from another, by its sources and its console.
func buildID() string {
	var b bytes.Buffer
	if info, ok := debug.ReadBuildInfo(); ok {
		b.WriteString(info.String())
	}
	for _, name := range []string{console.Page, console.Script, console.Style} {
		b.Write(console.File(name))
	}
	return fmt.Sprintf("%x", sha256.Sum256(b.Bytes()))[:12]
}
