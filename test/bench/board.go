//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// boardPath is the document of the upstream that changes. POST on the upstream's second listener makes
// another state; GET there tells when that was first given out.
const boardPath = "/board"

// board holds the document that changes.
type board struct {
	mu       sync.Mutex
	document []byte
	tag      string
	changes  int
	shown    time.Time // when the document was first given out; zero: not yet
}

// sighting is when a state of the board was first given out, as GET on the second listener returns it.
type sighting struct {
	Shown int64 // Unix time in nanoseconds; 0: not yet
}

func newBoard() *board {
	b := &board{}
	b.put(boardDocument(0, 1024))
	return b
}

func (b *board) put(document []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changes++
	b.document, b.tag, b.shown = document, fmt.Sprintf(`W/"%d"`, b.changes), time.Time{}
}

// ServeHTTP answers polls of the board.
func (b *board) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	known := r.Header.Get("If-None-Match")
	document, tag := b.show(known)
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", railsDefault)
	if known == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(document)))
	w.Write(document) // fails when the client is gone, and then nobody is left to tell
}

// show notes the time at which somebody who knows another tag is first told of this one.
func (b *board) show(known string) (document []byte, tag string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if known != b.tag && b.shown.IsZero() {
		b.shown = time.Now()
	}
	return b.document, b.tag
}

// serveControl changes the board and tells when the change was seen.
func (b *board) serveControl(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		b.mu.Lock()
		defer b.mu.Unlock()
		s := sighting{}
		if !b.shown.IsZero() {
			s.Shown = b.shown.UnixNano()
		}
		json.NewEncoder(w).Encode(s) // fails when the client is gone
		return
	}
	document, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.put(document)
	w.WriteHeader(http.StatusNoContent)
}

const (
	versionBegin  = `{"version":"`
	versionDigits = 8
)

// boardDocument is a JSON object of so many bytes, at least 64, that says which state it is.
func boardDocument(version, size int) []byte {
	head := fmt.Sprintf(versionBegin+`%0*d","text":"`, versionDigits, version)
	const end = `"}`
	return []byte(head + string(bytes.Repeat([]byte("x"), size-len(head)-len(end))) + end)
}

// boardVersion is the state that a document says it is; ok is false for any other text.
func boardVersion(document []byte) (version int, ok bool) {
	rest, ok := bytes.CutPrefix(document, []byte(versionBegin))
	if !ok || len(rest) < versionDigits {
		return 0, false
	}
	version, err := strconv.Atoi(string(rest[:versionDigits]))
	return version, err == nil
}
