package proxy

import (
	"fmt"
	"net/http"
	"sync"
)

// application is an upstream whose tags are GitLab's: they say what has changed, not
// who asks, and a 304 is given before anybody is asked who they are.
type application struct {
	mu       sync.Mutex
	version  int
	sessions map[string]string // by sid, the user
	status   int               // of answers to valid sessions; 0 is 200
	header   http.Header       // of answers
	calls    []*http.Request
	extra    func(http.ResponseWriter, *http.Request) bool // answers instead, if it says so
}

func newApplication() *application {
	return &application{sessions: map[string]string{"a": "alice", "b": "bob"}, header: http.Header{"Content-Type": {"application/json"}}}
}

func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.calls = append(a.calls, r)
	extra := a.extra
	a.mu.Unlock()
	if extra != nil && extra(w, r) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, values := range a.header {
		w.Header()[name] = values
	}
	tag := fmt.Sprintf(`W/"%d"`, a.version)
	if r.Header.Get("If-None-Match") == tag {
		w.Header().Set("Etag", tag)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	user := a.user(r)
	switch {
	case user == "":
		http.Error(w, "sign in, secretly", http.StatusUnauthorized)
	case a.status != 0:
		w.Header().Set("Location", "/users/sign_in")
		http.Error(w, "a secret of "+user, a.status)
	default:
		w.Header().Set("Etag", tag)
		fmt.Fprint(w, bodyOf(user, a.version))
	}
}

// user is who asks: an authenticating proxy may say so, else the first cookie
// of the session's name counts.
func (a *application) user(r *http.Request) string {
	if user := r.Header.Get("X-Forwarded-User"); user != "" {
		return user
	}
	c, err := r.Cookie("sid")
	if err != nil {
		return ""
	}
	return a.sessions[c.Value]
}

func bodyOf(user string, version int) string {
	return fmt.Sprintf(`{"owner":%q,"version":%d}`, user, version)
}

func (a *application) change() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.version++
}

func (a *application) revoke(sid string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.sessions, sid)
}

// called returns how many requests have come so far, and the last of them.
func (a *application) called() (n int, last *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n = len(a.calls); n > 0 {
		last = a.calls[n-1]
	}
	return n, last
}
