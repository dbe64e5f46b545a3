package dashboards

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// serve runs the program in front of an application, with one route, and returns the
// addresses of its front door and its admin listener.
func serve(t *testing.T) (front, admin string) {
	t.Helper()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"1"`)
		io.WriteString(w, "the same to all")
	}))
	t.Cleanup(app.Close)
	file := filepath.Join(t.TempDir(), "pollard.yml")
	content := fmt.Sprintf("listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nupstream: %s\nlog: {polls: false}\nroutes:\n  - {name: documents, path: /d/*, stage: coalesce}\n", app.URL)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	said := start(t, pollardPath, "serve", "--config", file)
	serving := regexp.MustCompile(`msg=serving listen=(\S+) admin=(\S+)`)
	var found []string
	eventually(t, func() error {
		if found = serving.FindStringSubmatch(said.String()); found == nil {
			return errors.New("it does not serve")
		}
		return nil
	})
	return found[1], found[2]
}

func TestHostilePathsMakeNoSeries(t *testing.T) {
	t.Parallel()
	front, admin := serve(t)
	scrape := func() string {
		t.Helper()
		text, err := get("http://" + admin + "/metrics")
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
		if _, err := get("http://" + front + target); err != nil {
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
