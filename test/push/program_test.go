package push

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
	t      *testing.T
	app    *application
	cmd    *exec.Cmd
	config string // path
	log    *program.Transcript
	front  string // address of the front door
	admin  string // URL of the admin listener
	exited chan struct{}
}

// serving is the line of the log that says where.
var serving = regexp.MustCompile(`msg=serving listen=(\S+) admin=(\S+)`)

// serve starts the program with a route at a stage, and further lines of its
// configuration. It ends with the test.
func serve(t *testing.T, stage string, more ...string) *pollard {
	t.Helper()
	p := &pollard{t: t, app: newApplication(t), log: &program.Transcript{}, exited: make(chan struct{})}
	p.config = filepath.Join(t.TempDir(), "pollard.yml")
	p.configure(stage, more...)
	p.cmd = exec.Command(pollardPath, "serve", "--config", p.config)
	p.cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // the detector's second would be most of the time
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // the exit code is in cmd.ProcessState
		close(p.exited)
	}()
	t.Cleanup(p.stop)
	p.eventually(func() error {
		found := serving.FindStringSubmatch(p.log.String())
		if found == nil {
			return errors.New("it does not serve")
		}
		p.front, p.admin = found[1], "http://"+found[2]
		return nil
	})
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
	before := strings.Count(p.log.String(), done)
	p.configure(stage, more...)
	p.signal(syscall.SIGHUP)
	p.eventually(func() error {
		if strings.Count(p.log.String(), done) == before {
			return errors.New("it does not reload")
		}
		return nil
	})
}

func (p *pollard) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// stop tells the program to stop, unless it has, and looks at how it went.
func (p *pollard) stop() {
	select {
	case <-p.exited:
	default:
		p.signal(syscall.SIGTERM)
	}
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.t.Error("it goes on running")
		_ = p.cmd.Process.Kill() // it may end by itself meanwhile
		<-p.exited
	}
	if got := p.cmd.ProcessState.ExitCode(); got != 0 {
		p.t.Errorf("got exit code %d, want 0", got)
	}
	for _, sign := range []string{"panic", "DATA RACE"} {
		if strings.Contains(p.log.String(), sign) {
			p.t.Errorf("%s in the log", sign)
		}
	}
	if p.t.Failed() {
		p.t.Log(p.log.String())
	}
}

// patience is how long a test waits for what it expects.
const patience = 15 * time.Second

// eventually tries until it succeeds or patience has run out.
func (p *pollard) eventually(try func() error) {
	p.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			p.t.Fatalf("%v\n%s", err, p.log)
		}
	}
}
