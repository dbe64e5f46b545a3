//go:build linux

package main

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"
)

func TestVisitsAreTheSameInEveryRunAndSeeTheChangesOfTheirJob(t *testing.T) {
	all := visits(50, 60)
	if again := visits(50, 60); !reflect.DeepEqual(all, again) {
		t.Error("got other visits the second time")
	}
	for _, v := range all {
		if v.comes > arrivals/60 || v.stays < shortestVisit/60 || v.stays > longestVisit/60 {
			t.Errorf("visit %s comes after %v and stays %v", v.id, v.comes, v.stays)
		}
		for _, at := range v.changes {
			if at <= v.comes || at >= v.comes+v.stays {
				t.Errorf("visit %s from %v for %v: its job changes at %v", v.id, v.comes, v.stays, at)
			}
		}
	}
}

func TestAPagePollsAtOnceAndThenAtEveryInterval(t *testing.T) {
	v := visit{stays: 95 * time.Second}
	if got := v.polls(30 * time.Second); got != 4 {
		t.Errorf("got %d polls in %v, want 4: at 0, 30, 60 and 90 s", got, v.stays)
	}
}

func TestAJobIsShownToItsOwnerAloneAndCounted(t *testing.T) {
	j := newJobs()
	j.change("1")
	ask := func(session, tag string) (status int, body string) {
		r := httptest.NewRequest(http.MethodGet, "/jobs/1", nil)
		r.Header.Set("Cookie", sessionOf(session))
		r.Header.Set("If-None-Match", tag)
		w := httptest.NewRecorder()
		j.handler().ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	for _, tt := range []struct {
		session, tag string
		status       int
		body         string
	}{
		{"1", "", 200, `{"id":"1","state":1}`},
		{"1", `W/"1"`, 304, ""},
		{"2", "", 403, "whose job is this\n"},
	} {
		if status, body := ask(tt.session, tt.tag); status != tt.status || body != tt.body {
			t.Errorf("session %s with %s: got %d %q, want %d %q", tt.session, tt.tag, status, body, tt.status, tt.body)
		}
	}
	if got := j.called(); got != 3 {
		t.Errorf("got %d calls, want 3", got)
	}
	j.change("1")
	if status, body := ask("1", `W/"1"`); status != 200 || body != `{"id":"1","state":2}` {
		t.Errorf("after a change: got %d %q", status, body)
	}
	if got := j.changedSince("1", 1, 2); len(got) != 1 {
		t.Errorf("got %d changes after the first state, want 1", len(got))
	}
}

func TestTouchesPromiseFewCallsAndSoon(t *testing.T) {
	promised := workloadCase{promised: true}
	for _, tt := range []struct {
		c     workloadCase
		calls int
		p99   time.Duration
		want  string
	}{
		{promised, 105, 149 * time.Millisecond, verdict(true)},
		{promised, 106, time.Millisecond, verdict(false)},
		{promised, 100, 150 * time.Millisecond, verdict(false)},
		{workloadCase{}, 1000, time.Second, "-"},
	} {
		if got := tt.c.keeps(tt.calls, 100, quantiles{p99: tt.p99}); got != tt.want {
			t.Errorf("%d calls, %v: got %q, want %q", tt.calls, tt.p99, got, tt.want)
		}
	}
}
