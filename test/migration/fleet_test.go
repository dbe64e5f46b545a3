package migration

import (
	"bytes"
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

// fleet is a web application whose pages poll, as GitLab's do. Its documents change
// as its time passes, which begins with begin: two fleets of one age are alike.
type fleet struct {
	server *httptest.Server
	kinds  []*kind

	mu    sync.Mutex
	began time.Time
	calls map[string]int // by route
	log   bytes.Buffer   // as nginx writes it by default
}

func newFleet(t *testing.T, kinds []*kind) *fleet {
	f := &fleet{kinds: kinds, calls: map[string]int{}}
	mux := http.NewServeMux()
	for _, k := range kinds {
		mux.HandleFunc("GET "+k.pattern, func(w http.ResponseWriter, r *http.Request) { f.serve(k, w, r) })
	}
	f.server = httptest.NewServer(mux)
	t.Cleanup(f.server.Close)
	return f
}

// begin has the fleet's time begin, and forgets what was counted.
func (f *fleet) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.began = time.Now()
	clear(f.calls)
	f.log.Reset()
}

// counted returns how many requests have come for each route, and the access log.
func (f *fleet) counted() (calls map[string]int, log string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls, f.log.String()
}

func (f *fleet) serve(k *kind, w http.ResponseWriter, r *http.Request) {
	user := "nobody"
	if c, err := r.Cookie("session"); err == nil {
		user = c.Value
	}
	reader := "everybody"
	if k.personal {
		reader = user
	}
	f.mu.Lock()
	state := k.state(r.URL.Path+reader, time.Since(f.began))
	f.calls[k.name]++
	f.mu.Unlock()
	body := fmt.Sprintf(`{"path":%q,"for":%q,"state":%d,"text":%q}`, r.URL.Path, reader, state, strings.Repeat("word ", state%7))
	tag := fmt.Sprintf(`W/"%x"`, hashOf(body))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Etag", tag)
	if k.paced {
		w.Header().Set("Poll-Interval", fmt.Sprint(interval.Milliseconds()))
	}
	status, size := http.StatusOK, len(body)
	if r.Header.Get("If-None-Match") == tag {
		status, size = http.StatusNotModified, 0
	}
	w.WriteHeader(status)
	if status == http.StatusOK {
		io.WriteString(w, body)
	}
	f.logged(r, status, size)
}

// logged writes a line of the log when all is said, with the address that the
// balancer names.
func (f *fleet) logged(r *http.Request, status, size int) {
	addr, _, _ := strings.Cut(r.Header.Get("X-Forwarded-For"), ",")
	f.mu.Lock()
	defer f.mu.Unlock()
	fmt.Fprintf(&f.log, "%s - - [%s] \"GET %s HTTP/1.1\" %d %d \"-\" \"Mozilla/5.0\"\n",
		addr, time.Now().Format("02/Jan/2006:15:04:05 -0700"), r.URL.RequestURI(), status, size)
}

func hashOf(s string) uint64 {
	h := fnv.New64a()
	io.WriteString(h, s)
	return h.Sum64()
}
