package dashboards

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
)

func TestAScrapeIsCleanByPromtool(t *testing.T) {
	t.Parallel()
	promtool := installed(t, "promtool")
	scrape, err := get("http://" + demo(t) + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin = bytes.NewReader(scrape)
	if out, err := check.CombinedOutput(); err != nil || len(out) != 0 {
		t.Errorf("got %v, want nothing to complain about:\n%s", err, out)
	}
}

// documents is an application that gives everybody the same.
func documents(t *testing.T) *httptest.Server {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"1"`)
		io.WriteString(w, "the same to all")
	}))
	t.Cleanup(app.Close)
	return app
}

func TestHostilePathsMakeNoSeries(t *testing.T) {
	t.Parallel()
	p := serve(t, fmt.Sprintf("upstream: %s\nroutes:\n  - {name: documents, path: /d/*, stage: coalesce}\n", documents(t).URL))
	scrape := func() string {
		t.Helper()
		text, err := get(p.admin + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	// Checks, of which there is a sample, have series from the first one on.
	count := func() int {
		t.Helper()
		text := scrape()
		return strings.Count(text, "\npollard_") - strings.Count(text, "\npollard_checks_total")
	}
	poll := func(target string) {
		t.Helper()
		if _, err := get(p.front + target); err != nil {
			t.Fatal(err)
		}
	}
	poll("/d/1")
	poll("/elsewhere")
	eventually(t, func() error {
		if !strings.Contains(scrape(), "\npollard_guard_verdict") {
			return errors.New("the guards have not judged the route yet")
		}
		return nil
	})
	before := count()
	for i := range 500 {
		poll(fmt.Sprintf("/d/%d", i))
		poll(fmt.Sprintf("/d/1?token=%d", i))
		poll(fmt.Sprintf("/%d/%%7B%%22/%d", i, i))
	}
	if got := count(); got != before {
		t.Errorf("got %d series after 1,500 paths, want %d as after two", got, before)
	}
}
