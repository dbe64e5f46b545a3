package migration

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

// pollardPath is where TestMain has built the program; read-only from then on.
var pollardPath string

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "4"); err != nil { // they wait more than they work
		panic(err)
	}
	os.Exit(program.Main(m, &pollardPath))
}

// takesTime begins a test that waits for evidence.
func takesTime(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("evidence takes its time")
	}
	t.Parallel()
}

// inTime is takesTime, for one that needs what it asks for when it asks.
func inTime(t *testing.T) {
	t.Helper()
	if program.Raced {
		t.Skip("the race detector takes the time that this is about")
	}
	takesTime(t)
}

// pollard is a `pollard serve` that can be started again.
type pollard struct {
	t       *testing.T
	folder  string           // of its configuration and its state
	program *program.Process // of this start
	front   string           // URL of the front door
	admin   string           // URL of the admin listener
}

// config is where the configuration is.
func (p *pollard) config() string { return filepath.Join(p.folder, "pollard.yml") }

// state is where the rollout is kept.
func (p *pollard) state() string { return filepath.Join(p.folder, "state") }

// serve starts the program in front of an upstream with routes, in YAML. It ends
// with the test. Its secret is the same in every test, so that the arms are.
func serve(t *testing.T, upstream, routes string) *pollard {
	t.Helper()
	p := &pollard{t: t, folder: t.TempDir()}
	content := fmt.Sprintf("listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nupstream: %s\ntrusted_proxies: [127.0.0.0/8]\nlog: {polls: false}\n"+
		"secret: 0123456789abcdef\nstate: %s\nlimits: {watchers: 0, handshakes: 0}\nroutes:\n%s", upstream, p.state(), routes)
	if err := os.WriteFile(p.config(), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	p.start()
	t.Cleanup(p.stop)
	return p
}

func (p *pollard) start() {
	p.t.Helper()
	started, err := program.Start(exec.Command(pollardPath, "serve", "--config", p.config()))
	if err != nil {
		p.t.Fatal(err)
	}
	p.program, p.front, p.admin = started, "http://"+started.Front, "http://"+started.Admin
}

func (p *pollard) signal(s os.Signal) {
	p.t.Helper()
	if err := p.program.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pollard) stop() {
	p.t.Helper()
	p.program.Stop(p.t)
}

// patience is how long a test waits for what it expects.
const patience = 40 * time.Second

// eventually tries until it succeeds or patience has run out.
func (p *pollard) eventually(try func() error) {
	p.t.Helper()
	eventually(p.t, try)
}

func eventually(t *testing.T, try func() error) {
	t.Helper()
	if err := program.Until(patience, try); err != nil {
		t.Fatal(err)
	}
}
