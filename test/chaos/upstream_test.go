package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// A document says whose it is and how new.
type document struct {
	Who     string `json:"who"`
	Path    string `json:"path"`
	Version int    `json:"version"`
}

// everybody is who may see /all.
const everybody = "everybody"

// of returns whose document a user is given under a path.
func of(path, user string) string {
	if path == "/all" {
		return everybody
	}
	return user
}

// mood is how the upstream answers.
type mood int

const (
	well   mood = iota
	slow        // after most of a second
	broken      // with 500
	resets      // with a reset
	hangs       // not at all while it is in this mood
	frozen      // with the tag of an older version
	cutoff      // with half a body
	moods
)

func (m mood) String() string {
	return [moods]string{"well", "slow", "broken", "resets", "hangs", "frozen", "cutoff"}[m]
}

// upstream has a door for each instance, so that it knows who asks.
type upstream struct {
	doors []*httptest.Server

	mu      sync.Mutex
	version int           // guarded by mu, like all here
	mood    mood          // for all doors
	tag     int           // the version that tags tell of while it is frozen
	changed chan struct{} // is closed when the mood changes
	asked   []int         // through each door
}

func newUpstream(t *testing.T, doors int) *upstream {
	u := &upstream{changed: make(chan struct{}), asked: make([]int, doors)}
	for i := range doors {
		door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { u.answer(i, w, r) }))
		t.Cleanup(door.Close)
		u.doors = append(u.doors, door)
	}
	return u
}

func (u *upstream) answer(door int, w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	u.asked[door]++
	m, changed := u.mood, u.changed
	tag, d := u.version, document{Path: r.URL.Path, Version: u.version}
	if m == frozen {
		tag = u.tag
	}
	u.mu.Unlock()
	user := "nobody"
	if c, err := r.Cookie("user"); err == nil {
		user = c.Value
	}
	d.Who = of(r.URL.Path, user)
	switch m {
	case slow:
		rest(r.Context(), 700*time.Millisecond)
	case broken:
		http.Error(w, "broken", http.StatusInternalServerError)
		return
	case hangs:
		select {
		case <-changed:
		case <-r.Context().Done():
		}
	case resets:
		reset(w)
		return
	}
	w.Header().Set("ETag", fmt.Sprintf(`"%s-%d"`, d.Who, tag))
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("If-None-Match") == w.Header().Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	text, err := json.Marshal(d)
	if err != nil {
		panic(err) // it has nothing that JSON cannot say
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(text)))
	if m == cutoff {
		text = text[:len(text)/2]
	}
	_, _ = w.Write(text) // a client may be gone
}

// reset ends the connection as a process does that dies with data unread.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // it is lost anyway
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

// become puts the upstream into a mood.
func (u *upstream) become(m mood) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.mood, u.tag = m, u.version
	close(u.changed)
	u.changed = make(chan struct{})
}

// change makes a new version.
func (u *upstream) change() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.version++
}

func (u *upstream) newest() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.version
}

func (u *upstream) askedThrough(door int) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.asked[door]
}

// rest waits for a time, or until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
