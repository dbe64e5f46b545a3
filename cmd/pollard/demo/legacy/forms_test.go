package legacy_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
)

// submit sends a form from the application's own page.
func submit(app http.Handler, cookie *http.Cookie, method, target string, form url.Values) *http.Response {
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return send(app, cookie, r)
}

func TestFormsChangeWhatTheyAreFor(t *testing.T) {
	title := url.Values{"title": {"A <b>new</b> title"}}
	for _, test := range []struct {
		method, target string
		form           url.Values
		polled         string
	}{
		{"POST", "/group/project/-/jobs/1/finish", nil, job},
		{"POST", "/group/project/-/jobs/1/cancel", nil, job},
		{"POST", "/group/project/-/jobs/1/retry", nil, job},
		{"POST", "/group/project/-/issues/1/tasks", nil, issue},
		{"POST", "/group/project/-/issues/1", title, issue},
		{"PUT", "/group/project/-/issues/1", title, issue},
		{"POST", "/import/github", nil, legacy.ImportPath},
	} {
		app := legacy.New(legacy.Options{})
		alice := app.SignIn("alice")
		before := ask(app, alice, test.polled).Header.Get("ETag")
		response := submit(app, alice, test.method, test.target, test.form)
		if response.StatusCode != http.StatusFound {
			t.Errorf("%s %s: got %d, want 302", test.method, test.target, response.StatusCode)
		}
		after := ask(app, alice, test.polled)
		if after.Header.Get("ETag") == before {
			t.Errorf("%s %s: the stamp of %s is still the same", test.method, test.target, test.polled)
		}
		if test.form != nil && !strings.Contains(body(t, after), `"title_text":"A \u003cb\u003enew`) {
			t.Errorf("%s %s: the title is not the new one", test.method, test.target)
		}
	}
}

func TestFormsRefuseThoseWhoMayNot(t *testing.T) {
	app := legacy.New(legacy.Options{})
	alice, bob := app.SignIn("alice"), app.SignIn("bob")
	for _, test := range []struct {
		cookie *http.Cookie
		target string
		title  string
		want   int
	}{
		{bob, "/group/project/-/jobs/1/cancel", "", 403},
		{nil, "/group/project/-/jobs/1/cancel", "", 403},
		{bob, "/group/project/-/jobs/1/finish", "", 403},
		{nil, "/group/project/-/issues/1/tasks", "", 401},
		{bob, "/group/project/-/issues/99/tasks", "", 404},
		{alice, "/group/project/-/jobs/99/cancel", "", 404},
		{nil, "/group/project/-/issues/1", "x", 401},
		{bob, "/group/project/-/issues/99", "x", 404},
		{bob, "/group/project/-/issues/1", "", 422},
		{bob, "/group/project/-/issues/1", strings.Repeat("x", 256), 422},
	} {
		if got := submit(app, test.cookie, "POST", test.target, url.Values{"title": {test.title}}).StatusCode; got != test.want {
			t.Errorf("POST %s: got %d, want %d", test.target, got, test.want)
		}
	}
	r := httptest.NewRequest("POST", "/group/project/-/jobs/1/cancel", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if got := send(app, alice, r).StatusCode; got != http.StatusForbidden {
		t.Errorf("a form on another site: got %d, want 403", got)
	}
}

func TestSigningInAndOut(t *testing.T) {
	app := legacy.New(legacy.Options{})
	if got := submit(app, nil, "POST", "/users/sign_in", url.Values{"user": {"root"}}).StatusCode; got != 422 {
		t.Errorf("signing in as a stranger: got %d, want 422", got)
	}
	response := submit(app, nil, "POST", "/users/sign_in", url.Values{"user": {"bob"}})
	cookies := response.Cookies()
	if len(cookies) != 1 || cookies[0].Name != legacy.SessionCookie || !cookies[0].HttpOnly || response.StatusCode != 302 {
		t.Fatalf("got %d with cookies %v, want 302 with one that scripts cannot read", response.StatusCode, cookies)
	}
	for target, want := range map[string]string{
		"/": "bob", "/group/project/-/jobs/1": `data-path="/group/project/-/jobs/1.json"`,
		"/group/project/-/issues/1": `data-path="/group/project/-/issues/1/realtime_changes"`, "/import/github": "bob/website",
	} {
		if text := body(t, ask(app, cookies[0], target)); !strings.Contains(text, want) {
			t.Errorf("%s: got a page without %s", target, want)
		}
		if got := ask(app, nil, "/group/project/-/jobs/1").StatusCode; got != 302 {
			t.Errorf("%s for nobody: got %d, want 302", target, got)
		}
	}
	if got := ask(app, cookies[0], "/group/project/-/jobs/77").StatusCode; got != 404 {
		t.Errorf("the page of a job that does not exist: got %d, want 404", got)
	}
	submit(app, cookies[0], "POST", "/users/sign_out", nil)
	if got := ask(app, cookies[0], job).StatusCode; got != 401 {
		t.Errorf("after signing out: got %d, want 401", got)
	}
}
