package abuse

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/test/program"
)

// pollardPath is where TestMain has built the program; read-only from then on.
var pollardPath string

func TestMain(m *testing.M) {
	if addr := os.Getenv(attacked); addr != "" {
		openHalf(addr)
		return
	}
	os.Exit(program.Main(m, &pollardPath))
}

const bigBytes = 256 << 10 // of a large document

// application has a small document for everybody, and large ones; whatever else it is asked it reads, and is content.
func application(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", `"v1"`)
	switch {
	case r.Method != http.MethodGet:
		_, _ = io.Copy(io.Discard, r.Body) // who breaks off is the test's
	case r.Header.Get("If-None-Match") != "":
		w.WriteHeader(http.StatusNotModified)
	case strings.HasPrefix(r.URL.Path, "/big/"):
		_, _ = io.WriteString(w, strings.Repeat("x", bigBytes))
	default:
		_, _ = io.WriteString(w, `{"state":1}`)
	}
}

// serve starts the program in front of the application, with this configuration beside what it needs and with so many
// file descriptors; 0 is as many as the tests have. It ends with the test.
func serve(t *testing.T, descriptors int, config string) *program.Process {
	t.Helper()
	app := httptest.NewServer(http.HandlerFunc(application))
	t.Cleanup(app.Close)
	file := filepath.Join(t.TempDir(), "pollard.yml")
	text := fmt.Sprintf("listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nupstream: %s\nlog: {polls: false}\n"+
		"routes: [{name: docs, path: /doc, stage: push}, {name: big, path: /big/*, stage: push, interval: 1m}]\n%s\n", app.URL, config)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(pollardPath, "serve", "--config", file)
	if descriptors > 0 {
		cmd = exec.Command("sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, descriptors), pollardPath, "serve", "--config", file)
	}
	p, err := program.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(t) })
	return p
}

// figure returns the value of a series, as it is called on the metrics page; 0 where there is none.
func figure(t *testing.T, p *program.Process, series string) float64 {
	t.Helper()
	resp, err := http.Get("http://" + p.Admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (\S+)$`).FindSubmatch(page)
	if found == nil {
		return 0
	}
	v, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
