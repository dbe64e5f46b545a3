package admin

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/dashboards/console"
)

const asksForPages = "Accept: text/html,application/xhtml+xml,*/*;q=0.8"

func TestTheRootIsTheConsoleAndTextToWhoeverAsksForText(t *testing.T) {
	l := listen(t, usual)
	for _, accept := range []string{asksForPages, "Accept: */*", "Accept: text/html, text/plain;q=0.5"} {
		page := l.get("/", accept)
		if got := page.Header.Get("Content-Type"); got != "text/html; charset=utf-8" || body(t, page) != string(console.File(console.Page)) {
			t.Errorf("%s: got Content-Type %q, want the page", accept, got)
		}
	}
	if got := body(t, l.get("/", "Accept: text/plain")); !strings.HasPrefix(got, "Pollard\n") {
		t.Errorf("got %q to who asks for text, want the text", got)
	}
}

func TestTheConsoleAsksNobodyElse(t *testing.T) {
	page := listen(t, usual).get("/", asksForPages)
	got := strings.Split(page.Header.Get("Content-Security-Policy"), "; ")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:", "frame-ancestors 'none'"} {
		if !slices.Contains(got, want) {
			t.Errorf("got the policy %q, want %q in it", got, want)
		}
	}
	for _, name := range []string{console.Page, console.Style} {
		if found := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9]`).Find(console.File(name)); found != nil {
			t.Errorf("%s names another host: %q", name, found)
		}
	}
}

func TestTheConsoleNeedsNoTokenWhereItsDataDo(t *testing.T) {
	l := listen(t, func(o *Options) { o.Access.ReadToken = "hush" })
	for _, target := range []string{"/", "/console.js", "/console.css", "/icon.svg"} {
		if resp := l.get(target, asksForPages); resp.StatusCode != 200 {
			t.Errorf("%s: got %s, want 200", target, resp.Status)
		}
	}
	if resp := l.get("/", "Accept: text/plain"); resp.StatusCode != 401 {
		t.Errorf("the text: got %s, want 401", resp.Status)
	}
	for _, target := range []string{"/api/v1/stream", "/api/v1/history"} {
		if resp := l.get(target, asksForPages); resp.StatusCode != 401 {
			t.Errorf("%s: got %s, want 401", target, resp.Status)
		}
	}
}

func TestTheConsoleIsAskedForAgainAndNotSentAgain(t *testing.T) {
	l := listen(t, usual)
	first := l.get("/console.js")
	if got := first.Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("got Cache-Control %q, want no-cache: after an upgrade it is another", got)
	}
	again := l.get("/console.js", "If-None-Match: "+first.Header.Get("ETag"))
	if again.StatusCode != http.StatusNotModified || body(t, again) != "" {
		t.Errorf("got %s, want 304", again.Status)
	}
}

// The table of docs/metrics.md is the one that the console shows.
func TestCuresAreThoseOfTheDocument(t *testing.T) {
	document, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(document), "## Reasons of a bypass\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var want []string
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "| `") {
			want = append(want, strings.TrimSpace(line))
		}
	}
	var got []string
	for _, c := range cures() {
		got = append(got, "| `"+strings.Join(c.reasons, "`, `")+"` | "+c.means+" | "+c.do+" |")
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestEveryHeaderHasTheCureOfHeaders(t *testing.T) {
	means, do := remedy("header:X-Unheard-Of")
	if means == "" || !strings.Contains(do, "ignore") {
		t.Errorf("got %q, %q; want to declare it", means, do)
	}
	if means, do := remedy("no such reason"); means != "" || do != "" {
		t.Errorf("got %q, %q for what is no reason", means, do)
	}
}
