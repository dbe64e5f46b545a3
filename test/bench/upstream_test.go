//go:build linux

package main

import (
	"net/http/httptest"
	"testing"
	"time"
)

func TestFleetAnswersAsTheQuerySays(t *testing.T) {
	for _, tt := range []struct {
		name, query, tag string
		status, length   int
		cacheControl     string
	}{
		{"by default", "", "", 200, 1024, ""},
		{"as sized", "size=20480&cache_control=no-cache", "", 200, 20480, "no-cache"},
		{"not modified", "size=20480&cache_control=no-cache", currentTag, 304, 0, "no-cache"},
		{"another tag", "", `"another"`, 200, 1024, ""},
		{"a size that is none", "size=many", "", 400, 0, ""},
		{"a size out of bounds", "size=1048577", "", 400, 0, ""},
		{"a delay that is none", "delay=long", "", 400, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/?"+tt.query, nil)
			r.Header.Set("If-None-Match", tt.tag)
			w := httptest.NewRecorder()
			newFleet().ServeHTTP(w, r)
			if w.Code != tt.status || w.Header().Get("Cache-Control") != tt.cacheControl {
				t.Errorf("got %d, Cache-Control %q, want %d, %q", w.Code, w.Header().Get("Cache-Control"), tt.status, tt.cacheControl)
			}
			if tt.status != 400 && w.Body.Len() != tt.length {
				t.Errorf("got a body of %d bytes, want %d", w.Body.Len(), tt.length)
			}
		})
	}
}

func TestMannerSurvivesItsQuery(t *testing.T) {
	want := manner{size: 20480, delay: 200 * time.Millisecond, cacheControl: railsDefault}
	if got, err := parseManner(want.query()); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}
