package protocol

import (
	"net/http"
	"strconv"
	"sync"
)

// An application has one document, whatever is asked for, and says how often to ask.
type application struct {
	mu     sync.Mutex
	body   string
	number int // of the state
	status int
}

func newApplication() *application {
	return &application{body: `{"title":"Tell, not ask","state":"opened"}`, number: 1, status: http.StatusOK}
}

func (a *application) change(body string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.body = body
	a.number++
}

func (a *application) answer(status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status = status
}

func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	header := w.Header()
	header["Date"] = nil
	if r.Method == http.MethodPost {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	tag := `"` + strconv.Itoa(a.number) + `"`
	header.Set("Content-Type", "application/json")
	header.Set("ETag", tag)
	header.Set("Poll-Interval", "600")
	switch {
	case a.status != http.StatusOK:
		w.WriteHeader(a.status)
	case r.Header.Get("If-None-Match") == tag:
		w.WriteHeader(http.StatusNotModified)
	default:
		w.Write([]byte(a.body)) // if it fails, so does the example
	}
}
