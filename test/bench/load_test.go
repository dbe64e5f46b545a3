//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// fleetServer is the upstream as the scenarios use it, within this process.
func fleetServer(t *testing.T) (*fleet, string) {
	t.Helper()
	f := newFleet()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return f, strings.TrimPrefix(s.URL, "http://")
}

func load(t *testing.T, p plan) result {
	t.Helper()
	in, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := runLoad(bytes.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	var r result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestStormSendsOneRequestOnEachConnection(t *testing.T) {
	f, addr := fleetServer(t)
	r := load(t, plan{Addr: addr, Connections: 50, Request: request{Target: "/poll?" + manner{size: 70_000}.query(), Cookie: sessionCookie}})
	if want := map[int]int{200: 50}; !maps.Equal(r.Statuses, want) || r.Requests != 50 {
		t.Errorf("got %d answers, %v, want 50, %v", r.Requests, r.Statuses, want)
	}
	if got := f.counts.requests.Load(); got != 50 {
		t.Errorf("the upstream saw %d requests, want 50", got)
	}
	if got := f.counts.anonymous.Load(); got != 0 {
		t.Errorf("the upstream saw %d requests without a cookie, want 0", got)
	}
}

func TestClosedLoopCountsOnlyWhatItMeasures(t *testing.T) {
	f, addr := fleetServer(t)
	r := load(t, plan{Addr: addr, Connections: 4, For: 200 * time.Millisecond, Warm: 20 * time.Millisecond, Request: request{Target: "/", Tag: currentTag}})
	if r.Statuses[304] != r.Requests || r.Requests == 0 {
		t.Errorf("got %d answers, %v, want all of them 304", r.Requests, r.Statuses)
	}
	if saw := f.counts.requests.Load(); saw <= int64(r.Requests) {
		t.Errorf("the upstream saw %d requests and %d were measured; want more, for the warm-up", saw, r.Requests)
	}
}

func TestLoadEndsWhenTheServerCloses(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") }))
	defer s.Close()
	p := `{"Addr":"` + strings.TrimPrefix(s.URL, "http://") + `","Connections":1,"For":60000000000,"Request":{"Target":"/"}}`
	if err := runLoad(strings.NewReader(p), io.Discard); err == nil {
		t.Error("got no error for a connection that was not kept alive")
	}
}

func TestPollersKeepTheirTagAndTheirCookie(t *testing.T) {
	f, addr := fleetServer(t)
	in, err := json.Marshal(pollersPlan{Addr: addr, Target: "/", Clients: 6, Identities: 3, Every: 10 * time.Millisecond, For: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := runPollers(t.Context(), bytes.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	var r pollersResult
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Failed != 0 || r.Statuses[200] > 6 || r.Statuses[200] == 0 {
		t.Errorf("got %+v, want at most one 200 per page and no failure", r)
	}
	if got := f.counts.anonymous.Load(); got != 0 {
		t.Errorf("%d polls came without a cookie", got)
	}
}
