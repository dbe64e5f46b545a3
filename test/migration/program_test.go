package migration

import (
	"errors"
	"flag"
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
	if underRace {
		t.Skip("the race detector takes the time that this is about")
	}
	takesTime(t)
}

// pollard is a `pollard serve` that can be started again.
type pollard struct {
	t      *testing.T
	folder string // of its configuration and its state
	cmd    *exec.Cmd
	log    *program.Transcript // of this start
	front  string              // URL of the front door
	admin  string              // URL of the admin listener
	exited chan struct{}
}

// serving is the line of the log that says where.
var serving = regexp.MustCompile(`msg=serving listen=(\S+) admin=(\S+)`)

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
	p.log, p.exited = &program.Transcript{}, make(chan struct{})
	p.cmd = exec.Command(pollardPath, "serve", "--config", p.config())
	p.cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // the detector's second would be most of the time
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait() // the exit code is in cmd.ProcessState
		close(exited)
	}(p.cmd, p.exited)
	p.eventually(func() error {
		found := serving.FindStringSubmatch(p.log.String())
		if found == nil {
			return errors.New("it does not serve")
		}
		p.front, p.admin = "http://"+found[1], "http://"+found[2]
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
		return
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
const patience = 40 * time.Second

// eventually tries until it succeeds or patience has run out.
func (p *pollard) eventually(try func() error) {
	p.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
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
