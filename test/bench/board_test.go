//go:build linux

package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestBoardDocumentSaysItsVersionInSoManyBytes(t *testing.T) {
	for _, size := range []int{64, 1024} {
		document := boardDocument(4711, size)
		if version, ok := boardVersion(document); !ok || version != 4711 || len(document) != size || !json.Valid(document) {
			t.Errorf("got version %d, %v in %d bytes, valid JSON %v, want 4711 in %d", version, ok, len(document), json.Valid(document), size)
		}
	}
	for _, other := range []string{"", `{"version":"`, `{"version":"1"}`, `{"version":"abcdefgh"}`, `: hi`} {
		if version, ok := boardVersion([]byte(other)); ok {
			t.Errorf("%q: got version %d, want none", other, version)
		}
	}
}

func TestBoardTellsWhenAChangeIsFirstShown(t *testing.T) {
	f := newFleet()
	ask := func(h http.Handler, method, tag, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, boardPath, strings.NewReader(body))
		r.Header.Set("If-None-Match", tag)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	shown := func() (s sighting) {
		if err := json.NewDecoder(ask(f.control(), "GET", "", "").Body).Decode(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	tag := ask(f, "GET", "", "").Header().Get("ETag")
	if got := ask(f.control(), "POST", "", "another").Code; got != http.StatusNoContent {
		t.Fatalf("a change: got %d, want 204", got)
	}
	if got := shown(); got.Shown != 0 {
		t.Errorf("got %v before anybody asked, want never", got)
	}
	seen := ask(f, "GET", tag, "")
	if seen.Code != http.StatusOK || seen.Body.String() != "another" {
		t.Errorf("got %d %q for the old tag, want 200 with the new document", seen.Code, seen.Body)
	}
	first := shown()
	if got := ask(f, "GET", seen.Header().Get("ETag"), "").Code; got != http.StatusNotModified {
		t.Errorf("got %d for the new tag, want 304", got)
	}
	ask(f, "GET", tag, "")
	if again := shown(); first.Shown == 0 || again != first {
		t.Errorf("got %v, and %v once it was shown again, want the first time twice", first, again)
	}
	if got := f.counts.requests.Load(); got != 4 {
		t.Errorf("got %d requests counted, want 4", got)
	}
}
