package joint

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

// pollardPath is where TestMain has built the program; read-only from then on.
var pollardPath string

func TestMain(m *testing.M) { os.Exit(program.Main(m, &pollardPath)) }

// patience is how long a test waits for what it expects.
const patience = 20 * time.Second

// application counts what it is asked.
type application struct {
	*httptest.Server
	asked atomic.Int64
}

func newApplication(t *testing.T) *application {
	a := &application{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Etag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		io.WriteString(w, `{}`) // an error is the client's going away
	}))
	t.Cleanup(a.Close)
	return a
}

// instance is a pollard that runs until its test ends.
type instance struct {
	t            *testing.T
	program      *program.Process
	front, admin string // URLs
}

// serve starts a pollard in front of an application, with one route and further
// lines of configuration; those that begin with a space are the route's.
func serve(t *testing.T, a *application, more ...string) *instance {
	t.Helper()
	var top, route strings.Builder
	for _, line := range more {
		if strings.HasPrefix(line, " ") {
			fmt.Fprintf(&route, "   %s\n", line)
			continue
		}
		fmt.Fprintln(&top, line)
	}
	file := filepath.Join(t.TempDir(), "pollard.yml")
	content := fmt.Sprintf("listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nupstream: %s\nlog: {polls: false}\nsecret: 0123456789abcdef\n%s"+
		"routes:\n  - name: doc\n    path: /**\n    stage: coalesce\n    share: everything\n    holdout: 0\n    interval: 1s\n%s", a.URL, top.String(), route.String())
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := program.Start(exec.Command(pollardPath, "serve", "--config", file))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(t) })
	return &instance{t: t, program: p, front: "http://" + p.Front, admin: "http://" + p.Admin}
}

// eventually waits until check has nothing to say.
func (i *instance) eventually(check func() error) {
	i.t.Helper()
	if err := program.Until(patience, check); err != nil {
		i.t.Fatal(err)
	}
}

// says waits for a line in the log.
func (i *instance) says(line string) {
	i.t.Helper()
	i.eventually(func() error {
		if !strings.Contains(i.program.Log.String(), line) {
			return fmt.Errorf("it does not say %q", line)
		}
		return nil
	})
}

// shows waits for something on a page of the admin listener.
func (i *instance) shows(page, text string) {
	i.t.Helper()
	i.eventually(func() error {
		if got := i.ask(http.MethodGet, i.admin+page, ""); !strings.Contains(got, text) {
			return fmt.Errorf("%s does not show %q: %s", page, text, got)
		}
		return nil
	})
}

// ask returns the body of an answer.
func (i *instance) ask(method, url, content string) string {
	i.t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(content))
	if err != nil {
		i.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		i.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		i.t.Fatal(err)
	}
	return string(body)
}
