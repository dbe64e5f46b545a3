package demo

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
)

// view returns the side-by-side page of app, with the proxy on port 1 and the application on port 2.
func view(t *testing.T, app *legacy.App) (*sideBySide, http.Handler) {
	t.Helper()
	v := newSideBySide(app, newDelays())
	return v, v.handler(sight{
		proxy: &url.URL{Host: "127.0.0.1:1"}, direct: &url.URL{Host: "127.0.0.1:2"},
		script: func() string { return "/script.js" }, look: func() scene { return scene{} },
	})
}

func noScript() string { return "" }

func get(h http.Handler, target string, cookies ...*http.Cookie) *http.Response {
	r := httptest.NewRequest("GET", target, nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestSideBySideSignsItsVisitorInToBothColumns(t *testing.T) {
	app := legacy.New(legacy.Options{})
	_, page := view(t, app)
	first := get(page, "/")
	if cookies := first.Cookies(); len(cookies) != 1 || get(app, app.Documents()[0], cookies...).StatusCode != 200 {
		t.Fatalf("got cookies %v, want one that the application knows", cookies)
	}
	again := get(page, "/", app.SignIn("bob"))
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(again.Cookies()[0])
	if got := app.Person(r); got != "bob" {
		t.Errorf("a visitor who was bob is now %q, want bob", got)
	}
	if policy := first.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-src http://127.0.0.1:*") {
		t.Errorf("got policy %q, want one that allows the frames", policy)
	}
}

func TestApplicationAllowsItsPagesToBeFramed(t *testing.T) {
	header := get(legacy.New(legacy.Options{}), "/").Header
	if policy := header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'self' http://127.0.0.1:*") || header.Get("X-Frame-Options") != "" {
		t.Errorf("got policy %q and X-Frame-Options %q, want frames on this machine to be allowed", policy, header.Get("X-Frame-Options"))
	}
}

func TestChangeButtonChangesDocumentsAndNothingElse(t *testing.T) {
	app := legacy.New(legacy.Options{})
	_, page := view(t, app)
	document := app.Documents()[0]
	before := get(app, document).Header.Get("ETag")
	change := func(path, site string) int {
		r := httptest.NewRequest("POST", "/change", strings.NewReader(url.Values{"path": {path}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", site)
		w := httptest.NewRecorder()
		page.ServeHTTP(w, r)
		return w.Code
	}
	if got := change(document, "cross-site"); got != http.StatusForbidden {
		t.Errorf("from another site: got %d, want 403", got)
	}
	if got := change("/etc/passwd", "same-origin"); got != http.StatusNotFound {
		t.Errorf("what is no document: got %d, want 404", got)
	}
	if get(app, document).Header.Get("ETag") != before {
		t.Error("a refused change has changed something")
	}
	if got := change(document, "same-origin"); got != http.StatusNoContent || get(app, document).Header.Get("ETag") == before {
		t.Errorf("got %d, want 204 and a new stamp", got)
	}
}

func TestEventsTellCallsOfTheVisitorFromSharedOnes(t *testing.T) {
	app := legacy.New(legacy.Options{})
	v, page := view(t, app)
	mine, document := app.SignIn("alice"), app.Documents()[0]
	for _, c := range []struct {
		side    side
		session string
		times   int
	}{{through, mine.Value, 2}, {through, "", 3}, {through, "another", 4}, {direct, mine.Value, 5}} {
		for range c.times {
			v.count(c.side, legacy.Call{Route: legacy.RouteJob, Path: document, Session: c.session, Status: 200})
		}
	}
	v.count(direct, legacy.Call{Path: "/group/project/-/jobs/123456.json"})
	s := httptest.NewServer(page)
	defer s.Close()
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(mine)
	stream, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	line, err := bufio.NewReader(stream.Body).ReadString('\n')
	if err != nil || stream.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("got %v and Content-Type %s", err, stream.Header.Get("Content-Type"))
	}
	var got event
	if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "data: ")), &got); err != nil {
		t.Fatal(err)
	}
	if want := (reached{Through: 2, Direct: 5, Shared: 3, Step: legacy.Step{Label: "Finish the job"}}); got.Documents[document] != want {
		t.Errorf("got %+v, want %+v", got.Documents[document], want)
	}
	if len(got.Documents) != len(app.Documents()) {
		t.Errorf("got %d documents, want the %d of the application", len(got.Documents), len(app.Documents()))
	}
}

func TestPagesAndTheirPartsAreSmall(t *testing.T) {
	app := legacy.New(legacy.Options{})
	_, page := view(t, app)
	total := 0
	for _, part := range []struct {
		of     http.Handler
		target string
	}{
		{page, "/"}, {page, "/page/sidebyside.js"}, {page, "/page/sidebyside.css"}, {page, "/page/icon.svg"},
		{app, "/"}, {app, "/assets/poll.js"}, {app, "/assets/pages.js"}, {app, "/assets/legacy.css"}, {app, "/assets/icon.svg"},
	} {
		response := get(part.of, part.target)
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK || len(body) == 0 {
			t.Errorf("%s: got %d with %d bytes (%v), want 200 with some", part.target, response.StatusCode, len(body), err)
		}
		total += len(body)
	}
	if total > 100<<10 {
		t.Errorf("got %d bytes, want no more than 100 KiB", total)
	}
}

// press sends one of the page's forms, with a session if there is one.
func press(page http.Handler, target string, session *http.Cookie, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if session != nil {
		r.AddCookie(session)
	}
	w := httptest.NewRecorder()
	page.ServeHTTP(w, r)
	return w
}

func TestStepButtonIsAWriteOfTheVisitorThroughTheProxy(t *testing.T) {
	var edits []legacy.Edit
	app := legacy.New(legacy.Options{Edited: func(e legacy.Edit) { edits = append(edits, e) }})
	var written []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		written = append(written, r.Method+" "+r.URL.Path)
		app.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	page := newSideBySide(app, newDelays()).handler(sight{proxy: at, direct: at, script: noScript, look: func() scene { return scene{} }})
	alice, bob := app.SignIn("alice"), app.SignIn("bob")
	job := url.Values{"path": app.Documents()[:1]}
	if got := press(page, "/step", alice, job); got.Code != http.StatusNoContent {
		t.Errorf("got %d, want 204", got.Code)
	}
	if len(written) != 1 || written[0] != "POST /group/project/-/jobs/1/finish" || edits[0].Session != alice.Value {
		t.Errorf("the proxy has seen %v and the application %+v, want a form of alice's", written, edits)
	}
	if got := press(page, "/step", bob, job); got.Code != http.StatusForbidden || !strings.Contains(got.Body.String(), "Only members") {
		t.Errorf("bob: got %d %s, want what the application says", got.Code, got.Body)
	}
	if got := press(page, "/step", alice, url.Values{"path": {"/etc/passwd"}}); got.Code != http.StatusNotFound || len(written) != 2 {
		t.Errorf("what is no document: got %d after %v, want 404 from the page itself", got.Code, written)
	}
	proxy.Close()
	if got := press(page, "/step", alice, job); got.Code != http.StatusBadGateway {
		t.Errorf("without a proxy: got %d, want 502", got.Code)
	}
}

func TestPageIsToldHowLongItsChangesTook(t *testing.T) {
	d := newDelays()
	app := legacy.New(legacy.Options{Edited: d.edited})
	v := newSideBySide(app, d)
	page := v.handler(sight{proxy: &url.URL{}, direct: &url.URL{}, script: noScript, look: func() scene { return scene{} }})
	alice, document := app.SignIn("alice"), app.Documents()[0]
	show := func(side string, session *http.Cookie) int {
		tag := get(app, document).Header.Get("ETag")
		return press(page, "/shown", session, url.Values{"side": {side}, "view": {"1"}, "path": {document}, "tag": {tag}}).Code
	}
	show("through", alice)
	show("direct", alice)
	if err := app.Change(document); err != nil {
		t.Fatal(err)
	}
	show("through", alice)
	if err := app.Change(document); err != nil {
		t.Fatal(err)
	}
	show("direct", alice)
	got := v.event(sight{script: noScript, look: func() scene { return scene{} }}, alice.Value)
	if got.Through.Others.Samples != 1 || got.Direct.Others.Samples != 2 || got.Direct.Own.Samples != 0 {
		t.Errorf("got %+v and %+v, want one sample of two changes, and two", got.Through, got.Direct)
	}
	if got := show("through", nil); got != http.StatusForbidden {
		t.Errorf("somebody without a session: got %d, want 403", got)
	}
}

func TestPageNamesTheLineThatWasAdded(t *testing.T) {
	_, page := view(t, legacy.New(legacy.Options{}))
	body, err := io.ReadAll(get(page, "/").Body)
	if err != nil || !strings.Contains(string(body), `&lt;script src="/script.js"&gt;`) {
		t.Errorf("got no tag in\n%s", body)
	}
}
