package legacy_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
)

const (
	job   = "/group/project/-/jobs/1.json"
	issue = "/group/project/-/issues/1/realtime_changes"
)

// ask sends one request as a page's script does, in the session of cookie or in none. Fields are pairs of name and value.
func ask(app http.Handler, cookie *http.Cookie, target string, fields ...string) *http.Response {
	r := httptest.NewRequest("GET", target, nil)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	for pair := range slices.Chunk(fields, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	return send(app, cookie, r)
}

func send(app http.Handler, cookie *http.Cookie, r *http.Request) *http.Response {
	if cookie != nil {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, response *http.Response) string {
	t.Helper()
	var b strings.Builder
	if err := response.Write(&b); err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(b.String(), "\r\n\r\n")
	return after
}

func TestCurrentStampIsAnsweredBeforeAnybodyAsksWhoIsThere(t *testing.T) {
	app := legacy.New(legacy.Options{})
	alice := app.SignIn("alice")
	tag := ask(app, alice, issue).Header.Get("ETag")
	submit(app, alice, "POST", "/users/sign_out", nil)
	for name, cookie := range map[string]*http.Cookie{"nobody": nil, "somebody who has signed out": alice} {
		got := ask(app, cookie, issue, "If-None-Match", tag)
		if got.StatusCode != http.StatusNotModified || got.Header.Get("ETag") != tag {
			t.Errorf("%s: got %d with ETag %s, want 304 with %s", name, got.StatusCode, got.Header.Get("ETag"), tag)
		}
		for _, field := range []string{"Poll-Interval", "Cache-Control", "Vary", "Content-Type", "Set-Cookie"} {
			if value := got.Header.Get(field); value != "" {
				t.Errorf("%s: the 304 has %s: %s, want none", name, field, value)
			}
		}
	}
	if got := ask(app, alice, issue).StatusCode; got != http.StatusUnauthorized {
		t.Errorf("without a condition, signed out: got %d, want 401", got)
	}
}

func TestConditionIsComparedAsOneString(t *testing.T) {
	app := legacy.New(legacy.Options{})
	alice := app.SignIn("alice")
	tag := ask(app, alice, job).Header.Get("ETag")
	for _, condition := range []string{"*", `"x", ` + tag, strings.TrimPrefix(tag, "W/"), strings.Trim(tag, `"`), " " + tag + " ,"} {
		if got := ask(app, alice, job, "If-None-Match", condition).StatusCode; got != http.StatusOK {
			t.Errorf("If-None-Match: %s: got %d, want 200", condition, got)
		}
	}
}

func TestErrorsCarryTheStampOfTheirPath(t *testing.T) {
	app := legacy.New(legacy.Options{})
	alice := app.SignIn("alice")
	for _, test := range []struct {
		cookie *http.Cookie
		target string
		want   int
	}{
		{nil, job, 401}, {nil, issue, 401}, {nil, legacy.ImportPath, 401},
		{alice, "/group/project/-/jobs/99.json", 404}, {alice, "/group/project/-/jobs/01.json", 404}, {alice, "/group/project/-/issues/x/realtime_changes", 404},
	} {
		got := ask(app, test.cookie, test.target)
		if got.StatusCode != test.want || !strings.HasPrefix(got.Header.Get("ETag"), `W/"`) {
			t.Errorf("%s: got %d with ETag %q, want %d with a stamp", test.target, got.StatusCode, got.Header.Get("ETag"), test.want)
		}
		if again := ask(app, nil, test.target, "If-None-Match", got.Header.Get("ETag")).StatusCode; again != 304 {
			t.Errorf("%s with the error's stamp: got %d, want 304", test.target, again)
		}
	}
}

func TestTwoPeopleGetTwoBodiesUnderOneStamp(t *testing.T) {
	app := legacy.New(legacy.Options{})
	alice, bob := app.SignIn("alice"), app.SignIn("bob")
	for _, target := range app.Documents() {
		hers, his := ask(app, alice, target), ask(app, bob, target)
		if hers.Header.Get("ETag") != his.Header.Get("ETag") {
			t.Errorf("%s: got the stamps %s and %s, want one", target, hers.Header.Get("ETag"), his.Header.Get("ETag"))
		}
		if err := legacy.CheckOwner("alice", []byte(body(t, hers))); err != nil {
			t.Errorf("%s: %v", target, err)
		}
		if err := legacy.CheckOwner("alice", []byte(body(t, his))); err == nil {
			t.Errorf("%s: bob's answer passes for alice's", target)
		}
	}
	if text := body(t, ask(app, alice, issue)); !strings.Contains(text, "confidential") {
		t.Error("a member does not see the confidential title")
	}
	if text := body(t, ask(app, bob, issue)); strings.Contains(text, "confidential") {
		t.Error("somebody who is no member sees the confidential title")
	}
}

func TestPollIntervalFollowsTheState(t *testing.T) {
	app := legacy.New(legacy.Options{})
	alice := app.SignIn("alice")
	got := func(target string) string { return ask(app, alice, target).Header.Get("Poll-Interval") }
	if got := got(job); got != "3000" {
		t.Errorf("a running job: got %q, want 3000", got)
	}
	submit(app, alice, "POST", "/group/project/-/jobs/1/cancel", nil)
	if got := got(job); got != "10000" {
		t.Errorf("a canceled job: got %q, want 10000", got)
	}
	if got := got(issue); got != "3000" {
		t.Errorf("an issue: got %q, want 3000", got)
	}
	changes := 0
	for ; got(legacy.ImportPath) == "3000" && changes < 100; changes++ {
		app.Change(legacy.ImportPath)
	}
	if got := got(legacy.ImportPath); got != "" || changes == 0 {
		t.Errorf("an import that is complete, after %d changes: got %q, want no field", changes, got)
	}
}

func TestOnlyTheRequestsOfScriptsMayBeStored(t *testing.T) {
	app := legacy.New(legacy.Options{})
	alice := app.SignIn("alice")
	const stored, opened = "max-age=0, private, must-revalidate", "max-age=0, private, must-revalidate, no-store"
	if got := ask(app, alice, job).Header.Get("Cache-Control"); got != stored {
		t.Errorf("by script: got %q, want %q", got, stored)
	}
	if got := ask(app, alice, job, "X-Requested-With", "").Header.Get("Cache-Control"); got != opened {
		t.Errorf("opened: got %q, want %q", got, opened)
	}
	if got := ask(app, alice, issue).Header.Get("Vary"); got != "Accept" {
		t.Errorf("Vary where Accept chooses the format: got %q, want Accept", got)
	}
	if got := ask(app, alice, job).Header.Get("Vary"); got != "" {
		t.Errorf("Vary where the path does: got %q, want none", got)
	}
}

func TestChangeRenewsTheStampOfItsOwnPath(t *testing.T) {
	app := legacy.New(legacy.Options{})
	alice := app.SignIn("alice")
	for _, changed := range app.Documents() {
		before := map[string]string{}
		for _, target := range app.Documents() {
			before[target] = ask(app, alice, target).Header.Get("ETag")
		}
		old := body(t, ask(app, alice, changed))
		if err := app.Change(changed); err != nil {
			t.Fatal(err)
		}
		for _, target := range app.Documents() {
			if renewed := ask(app, alice, target).Header.Get("ETag") != before[target]; renewed != (target == changed) {
				t.Errorf("after a change of %s, %s has a new stamp: got %v", changed, target, renewed)
			}
		}
		if body(t, ask(app, alice, changed)) == old {
			t.Errorf("%s: a change left the body as it was", changed)
		}
	}
	for _, target := range []string{"/", "/group/project/-/jobs/99.json", "/group/project/-/issues/0/realtime_changes", ""} {
		if app.Change(target) == nil {
			t.Errorf("changing %q: got no error", target)
		}
	}
}

func TestCallsAreCountedByRouteAndStatusAndDoor(t *testing.T) {
	app := legacy.New(legacy.Options{})
	alice := app.SignIn("alice")
	var side legacy.Tally
	door := app.Door(side.Add)
	tag := ask(app, alice, job).Header.Get("ETag")
	ask(app, alice, job, "If-None-Match", tag)
	ask(app, nil, job, "If-None-Match", tag)
	ask(app, nil, job)
	ask(app, alice, "/assets/poll.js")
	ask(door, alice, issue)
	want := legacy.Calls{legacy.RouteJob: {200: 1, 304: 2, 401: 1}, "": {200: 1}}
	if got := app.Calls(); !maps.EqualFunc(got, want, maps.Equal) {
		t.Errorf("at the front door: got %v, want %v", got, want)
	}
	if got := app.Calls().Route(legacy.RouteJob); got != 4 {
		t.Errorf("all calls of one route: got %d, want 4", got)
	}
	if got, want := side.Calls(), (legacy.Calls{legacy.RouteIssue: {200: 1}}); !maps.EqualFunc(got, want, maps.Equal) {
		t.Errorf("at the other door: got %v, want %v", got, want)
	}
}

func TestJobLivesFromItsStartToItsEndAndStartsAgain(t *testing.T) {
	app := legacy.New(legacy.Options{Jobs: 1})
	alice := app.SignIn("alice")
	var states []string
	for range 60 {
		var document struct{ Status string }
		if err := json.Unmarshal([]byte(body(t, ask(app, alice, job))), &document); err != nil {
			t.Fatal(err)
		}
		states = append(states, document.Status)
		app.Change(job)
	}
	want := []string{"running", "success", "created", "pending", "running", "success", "created", "pending", "running"}
	if got := slices.Compact(states)[:len(want)]; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPatternsCoverEveryDocument(t *testing.T) {
	for _, document := range legacy.New(legacy.Options{}).Documents() {
		matches := 0
		for _, route := range legacy.Routes() {
			if ok, err := path.Match(route.Path, document); ok && err == nil {
				matches++
			}
			if ok, _ := path.Match(route.Path, legacy.PageOf(document)); ok {
				t.Errorf("the page %s matches the polled route %s", legacy.PageOf(document), route.Name)
			}
		}
		if matches != 1 {
			t.Errorf("%s: got %d matching routes, want 1", document, matches)
		}
	}
}

func TestRunChangesEveryDocumentInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := legacy.New(legacy.Options{Seed: 1})
		alice := app.SignIn("alice")
		before := map[string]string{}
		for _, target := range app.Documents() {
			before[target] = ask(app, alice, target).Header.Get("ETag")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		app.Run(ctx)
		for target, tag := range before {
			if ask(app, alice, target).Header.Get("ETag") == tag {
				t.Errorf("%s did not change within five minutes", target)
			}
		}
	})
}

func TestRenderingTakesItsTimeAndRevalidationDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := legacy.New(legacy.Options{Render: time.Second})
		alice := app.SignIn("alice")
		start := time.Now()
		tag := ask(app, alice, job).Header.Get("ETag")
		if got := time.Since(start); got != time.Second {
			t.Errorf("a rendered answer took %v, want 1s", got)
		}
		start = time.Now()
		ask(app, alice, job, "If-None-Match", tag)
		if got := time.Since(start); got != 0 {
			t.Errorf("a 304 took %v, want no time", got)
		}
	})
}

func FuzzCheckOwner(f *testing.F) {
	for _, seed := range []string{`{"viewer":"alice"}`, `[{"viewer":"alice"},{"viewer":"bob"}]`, `[]`, `null`, `{"viewer":["alice"]}`, `[[]]`, "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if legacy.CheckOwner("alice", body) == nil && legacy.CheckOwner("bob", body) == nil {
			t.Errorf("%q belongs to two people", body)
		}
	})
}

func TestWhoAsksForASocketOrAStreamDoesNotPoll(t *testing.T) {
	app := legacy.New(legacy.Options{})
	alice := app.SignIn("alice")
	ask(app, alice, job, "Upgrade", "websocket")
	ask(app, alice, job, "Accept", "text/event-stream")
	ask(app, alice, job)
	if got := app.Calls().Route(legacy.RouteJob); got != 1 {
		t.Errorf("got %d polls, want 1", got)
	}
}
