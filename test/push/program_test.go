package push

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

// pollardPath is where TestMain has built the program; read-only from then on.
var pollardPath string

func TestMain(m *testing.M) {
	os.Exit(program.Main(m, &pollardPath))
}

// pollard is a running `pollard serve` in front of an application.
type pollard struct {
	t       *testing.T
	app     *application
	config  string // path
	program *program.Process
	front   string // address of the front door
	admin   string // URL of the admin listener
}

// serve starts the program with a route at a stage, and further lines of its
// configuration. It ends with the test.
func serve(t *testing.T, stage string, more ...string) *pollard {
	t.Helper()
	p := &pollard{t: t, app: newApplication(t), config: filepath.Join(t.TempDir(), "pollard.yml")}
	p.configure(stage, more...)
	var err error
	if p.program, err = program.Start(exec.Command(pollardPath, "serve", "--config", p.config)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.program.Stop(t) })
	p.front, p.admin = p.program.Front, "http://"+p.program.Admin
	return p
}

// configure writes the configuration. Lines that begin with a space belong to
// the route.
func (p *pollard) configure(stage string, more ...string) {
	p.t.Helper()
	var top, route strings.Builder
	for _, line := range more {
		if strings.HasPrefix(line, " ") {
			fmt.Fprintf(&route, "   %s\n", line)
		} else {
			fmt.Fprintln(&top, line)
		}
	}
	content := fmt.Sprintf("listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nupstream: %s\nlog: {polls: false}\nsecret: 0123456789abcdef\n%s"+
		"routes:\n  - name: doc\n    path: /doc\n    stage: %s\n    interval: 100ms\n    min_interval: 50ms\n    holdout: 0\n%s",
		p.app.server.URL, top.String(), stage, route.String())
	if err := os.WriteFile(p.config, []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// reload puts another configuration in force.
func (p *pollard) reload(stage string, more ...string) {
	p.t.Helper()
	const done = "configuration reloaded"
	before := strings.Count(p.program.Log.String(), done)
	p.configure(stage, more...)
	p.signal(syscall.SIGHUP)
	p.eventually(func() error {
		if strings.Count(p.program.Log.String(), done) == before {
			return errors.New("it does not reload")
		}
		return nil
	})
}

func (p *pollard) signal(s os.Signal) {
	p.t.Helper()
	if err := p.program.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// patience is how long a test waits for what it expects.
const patience = 15 * time.Second

// eventually tries until it succeeds or patience has run out.
func (p *pollard) eventually(try func() error) {
	p.t.Helper()
	if err := program.Until(patience, try); err != nil {
		p.t.Fatal(err)
	}
}
