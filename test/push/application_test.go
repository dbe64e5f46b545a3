package push

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// application knows polls and nothing else. Its tags say what has changed, not
// who asks. Every path but /doc says what was asked.
type application struct {
	server *httptest.Server

	mu      sync.Mutex
	version int
	revoked map[string]bool
	calls   int
}

func newApplication(t *testing.T) *application {
	a := &application{revoked: map[string]bool{}}
	a.server = httptest.NewServer(a)
	t.Cleanup(a.server.Close)
	return a
}

func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls++
	if r.URL.Path != "/doc" || r.Header.Get("Upgrade") != "" {
		fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, r.Header.Get("Upgrade"))
		return
	}
	user := "nobody"
	if c, err := r.Cookie("user"); err == nil {
		user = c.Value
	}
	tag := fmt.Sprintf(`W/"%d"`, a.version)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Etag", tag)
	switch {
	case r.Header.Get("If-None-Match") == tag:
		w.WriteHeader(http.StatusNotModified)
	case a.revoked[user]:
		w.Header().Del("Etag")
		http.Error(w, "who are you", http.StatusUnauthorized)
	default:
		fmt.Fprint(w, bodyOf(user, a.version))
	}
}

func bodyOf(user string, version int) string {
	return fmt.Sprintf(`{"owner":%q,"version":%d}`, user, version)
}

// change makes another state, and returns its number.
func (a *application) change() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.version++
	return a.version
}

func (a *application) revoke(user string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.revoked[user] = true
}

// called returns how many requests have come so far.
func (a *application) called() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls
}
