package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy"
)

// Bounds of one touch or webhook. What is larger is refused with 413.
const (
	maxTouch    = 1 << 20 // bytes
	maxPaths    = 10_000
	maxPatterns = 100 // each is held against every path that there is
)

// touch is the body of a touch: names, or a representation, or nothing but a sign
// of life.
type touch struct {
	Paths     []string `json:"paths"`
	Patterns  []string `json:"patterns"`
	Heartbeat bool     `json:"heartbeat"`

	Path        string  `json:"path"`
	Body        *string `json:"body"`
	ContentType string  `json:"content_type"`
	ETag        string  `json:"etag"`
}

// touched is the answer.
type touched struct {
	Touched  int      `json:"touched"`            // documents
	Unrouted int      `json:"no_route,omitempty"` // paths that no route serves
	Examples []string `json:"no_route_paths,omitempty"`
}

func (a *admin) touch(w http.ResponseWriter, r *http.Request) {
	data, ok := readNews(w, r, fmt.Sprintf("send it in parts, of at most %d paths", maxPaths))
	if !ok {
		return
	}
	met, err := Tell(a.Proxy, ledger.TouchAPI, data)
	var unsuppliable *proxy.Unsuppliable
	var tooMany *tooMany
	switch {
	case errors.As(err, &tooMany):
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
	case errors.As(err, &unsuppliable):
		http.Error(w, err.Error(), unsuppliable.Status)
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		accept(w, met)
	}
}

// Tell hands a touch to a proxy, as POST /api/v1/touch takes it, that came by some
// way. It fails, and does nothing, if that is no touch or too large a one.
func Tell(p *proxy.Handler, by ledger.Source, data []byte) (met proxy.Met, err error) {
	if len(data) > maxTouch {
		return met, fmt.Errorf("larger than %d bytes; send it in parts", maxTouch)
	}
	t, err := parseTouch(data)
	switch {
	case err != nil:
		return met, err
	case len(t.Paths) > maxPaths || len(t.Patterns) > maxPatterns:
		return met, &tooMany{len(t.Paths), len(t.Patterns)}
	case t.Body != nil:
		return p.Supply(by, t.Path, coalescer.Representation{
			Body: []byte(*t.Body), ContentType: t.ContentType, Tag: etag.Tag(t.ETag),
		})
	}
	return p.Touch(proxy.News{Source: by, Paths: t.Paths, Patterns: t.Patterns, Heartbeat: t.Heartbeat})
}

// tooMany is the error of a touch that names too much.
type tooMany struct{ paths, patterns int }

func (e *tooMany) Error() string {
	return fmt.Sprintf("%d paths and %d patterns: a touch takes at most %d paths and %d patterns; send several", e.paths, e.patterns, maxPaths, maxPatterns)
}

func parseTouch(data []byte) (*touch, error) {
	const want = `want {"paths":["/…"]}, {"patterns":["/…"]}, {"heartbeat":true}, or {"path","body","content_type","etag"} for a representation`
	var t touch
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&t); err != nil {
		return nil, fmt.Errorf("no touch: %w; %s", err, want)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON object")
	}
	t.sort()
	names, represents := len(t.Paths)+len(t.Patterns) > 0, t.Body != nil
	switch isPartial := !represents && (t.Path != "" || t.ContentType != "" || t.ETag != ""); {
	case isPartial, represents && (names || t.Path == ""), !names && !represents && !t.Heartbeat:
		return nil, errors.New("no touch: " + want)
	}
	return &t, nil
}

// sort takes what stands among the paths and has a wildcard for the pattern that it
// also is: it is about the path that is so written, too.
func (t *touch) sort() {
	var paths []string
	for _, path := range t.Paths {
		if strings.Contains(path, "*") && !strings.Contains(path, "?") {
			t.Patterns = append(t.Patterns, path)
		} else {
			paths = append(paths, path)
		}
	}
	t.Paths = paths
}

// readNews reads a body that tells of changes, unless it is too large: then the
// answer says what to do.
func readNews(w http.ResponseWriter, r *http.Request, instead string) (data []byte, ok bool) {
	var tooLarge *http.MaxBytesError
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxTouch))
	switch {
	case errors.As(err, &tooLarge):
		http.Error(w, fmt.Sprintf("larger than %d bytes; %s", maxTouch, instead), http.StatusRequestEntityTooLarge)
	case err != nil:
		http.Error(w, "reading the body: "+err.Error(), http.StatusBadRequest)
	}
	return data, err == nil
}

func accept(w http.ResponseWriter, met proxy.Met) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	json.NewEncoder(w).Encode(touched{met.Documents, met.Unrouted, met.Examples}) // an error is the client's going away
}
