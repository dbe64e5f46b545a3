package migration

import (
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// fault is what goes wrong at an upstream, as soon as it breaks.
type fault struct {
	name  string
	guard string // that finds it: how its sentence begins
}

// The faults. Each is one that coalescing suffers from, and that those who pass, with
// the requests that they have always sent, do not.
var faults = []fault{
	{"errors", "errors:"},     // upstream fails for If-None-Match, which only Pollard asks with
	{"slowness", "latency:"},  // upstream takes its time for If-None-Match
	{"frozen", "mismatch:"},   // the body has changed, and the tag has not
	{"lagging", "mismatch:"},  // two replicas take turns, of which one is behind
	{"personal", "mismatch:"}, // everybody is given something else, and the route says that it is public
}

const (
	none  = "none"
	slack = 600 * time.Millisecond // that a slow answer takes longer
)

// site has one document for each route, which is at the path of its name. Its fault
// is what the name begins with.
type site struct {
	server *httptest.Server

	mu     sync.Mutex
	broken bool
	hangs  chan struct{}  // closed when it answers again; nil while it answers
	calls  map[string]int // that have arrived, by path
}

func newSite(t *testing.T) *site {
	s := &site{calls: map[string]int{}}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	t.Cleanup(s.recover)
	return s
}

// breaks has the faults begin.
func (s *site) breaks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = true
}

// hang has every request wait, until recover.
func (s *site) hang() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hangs = make(chan struct{})
}

func (s *site) recover() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hangs != nil {
		close(s.hangs)
		s.hangs = nil
	}
}

// arrived returns how many requests for a path have come.
func (s *site) arrived(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[path]
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.calls[r.URL.Path]++
	call, broken, hangs := s.calls[r.URL.Path], s.broken, s.hangs
	s.mu.Unlock()
	if hangs != nil {
		select {
		case <-hangs:
		case <-r.Context().Done():
			return
		}
	}
	fault, _, _ := strings.Cut(r.URL.Path[1:], "_")
	if !broken {
		fault = none
	}
	answer(w, r, fault, call)
}

// answer is one of the site, under a fault.
func answer(w http.ResponseWriter, r *http.Request, fault string, call int) {
	body, isConditional := "as ever", r.Header.Get("If-None-Match") != ""
	tag := `"1"`
	switch fault {
	case "errors":
		if isConditional {
			http.Error(w, "no such column: etag", http.StatusInternalServerError)
			return
		}
	case "slowness":
		if isConditional {
			<-time.After(slack)
		}
	case "frozen":
		body = "changed"
	case "lagging":
		if spread(call)%2 == 0 {
			body, tag = "changed", `"2"`
		}
	case "personal":
		c, _ := r.Cookie("user") // without one it is nobody's
		body = "of " + c.String()
		tag = fmt.Sprintf("%q", body)
	}
	w.Header().Set("Etag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	io.WriteString(w, body)
}

// spread decides which replica answers a call.
func spread(call int) uint32 {
	h := fnv.New32a()
	fmt.Fprint(h, call)
	return h.Sum32() >> 7
}
