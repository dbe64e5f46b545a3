package legacy

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"
)

// maxStamps bounds the stamps that are remembered, because anybody may ask for any number of paths. When it is reached all are
// forgotten, and every client misses once, as GitLab's clients do when a stamp expires.
const maxStamps = 100_000

// stamps hold the version of each polled path. A stamp knows nothing of what is shown, or to whom.
type stamps struct {
	mu       sync.Mutex
	byPath   map[string]string
	isFrozen bool // none is renewed
}

func newStamps() *stamps { return &stamps{byPath: map[string]string{}} }

// current returns the weak entity tag of path, and makes one up for a path that has none.
func (s *stamps) current(path string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if tag, ok := s.byPath[path]; ok {
		return tag
	}
	return s.renew(path)
}

// touch gives path a new stamp, and returns it; ok is false for one that is not renewed.
func (s *stamps) touch(path string) (tag string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isFrozen {
		return "", false
	}
	return s.renew(path), true
}

// freeze has no stamp renewed any more, or again.
func (s *stamps) freeze(isFrozen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isFrozen = isFrozen
}

// renew is called with mu held. Stamps are truly random, never seeded: a browser may still hold the tags of an earlier run.
func (s *stamps) renew(path string) string {
	if len(s.byPath) >= maxStamps {
		clear(s.byPath)
	}
	tag := `W/"` + randomHex() + `"`
	s.byPath[path] = tag
	return tag
}

// randomHex returns 32 random lowercase hexadecimal digits.
func randomHex() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// answerStamped is the outermost layer: it answers current stamps with 304, without asking who is there, and stamps everything else that
// the application says on a polled path, errors included. The stamp is read before the application runs, so a body can be newer than its
// stamp and never older. Fields are compared as one string, as GitLab does: a list or a star never matches.
func (a *App) answerStamped(w http.ResponseWriter, r *http.Request, route string) {
	w.Header().Set("X-Request-Id", randomHex())
	if route == "" {
		a.pages.ServeHTTP(w, r)
		return
	}
	tag := a.stamps.current(r.URL.Path)
	w.Header().Set("ETag", tag)
	if strings.Join(r.Header.Values("If-None-Match"), ", ") == tag {
		w.Header().Set("X-Legacy-From-Cache", "true")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if a.rendering(r) {
		a.pages.ServeHTTP(w, r)
	}
}

// rendering takes as long as the application takes to render, and reports false when the client did not wait for it.
func (a *App) rendering(r *http.Request) bool {
	if a.options.Render == 0 {
		return true
	}
	timer := time.NewTimer(a.options.Render)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
