package fleet

import (
	"errors"
	"fmt"
	"net"
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

func TestMain(m *testing.M) { os.Exit(program.Main(m, &pollardPath)) }

// instance is one `pollard serve`, on addresses that it keeps when it is started again.
type instance struct {
	front, admin string // addresses
	config       string // path

	cmd    *exec.Cmd
	log    *program.Transcript
	exited chan struct{}
}

// configure writes the configuration of an instance that is not running. Lines of more belong to its route.
func configure(t *testing.T, upstream, redis string, more ...string) *instance {
	in := &instance{front: freeAddr(t), admin: freeAddr(t), config: filepath.Join(t.TempDir(), "pollard.yml")}
	var route strings.Builder
	for _, line := range more {
		fmt.Fprintln(&route, "    "+line)
	}
	text := fmt.Sprintf("listen: %s\nadmin: %s\nupstream: %s\nredis: %s\nsecret: 0123456789abcdef\nlog: {polls: false}\ndrain: {grace: 2s}\n"+
		"routes:\n  - name: doc\n    path: /doc\n    interval: %v\n    min_interval: 100ms\n    timeout: 2s\n    holdout: 0\n%s",
		in.front, in.admin, upstream, redis, interval, route.String())
	if err := os.WriteFile(in.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return in
}

// start starts the program and waits until it serves; together with the others, if it is to be.
func (in *instance) start(t *testing.T) {
	t.Helper()
	in.log, in.exited = &program.Transcript{}, make(chan struct{})
	in.cmd = exec.Command(pollardPath, "serve", "--config", in.config)
	in.cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // the detector's second would be most of the time
	in.cmd.Stderr = in.log
	if err := in.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait() // the exit code is in ProcessState
		close(exited)
	}(in.cmd, in.exited)
	in.eventually(t, "msg=serving")
	in.eventually(t, asTogether)
}

// stop tells the program to stop and looks at how it went.
func (in *instance) stop(t *testing.T) {
	t.Helper()
	_ = in.cmd.Process.Signal(syscall.SIGTERM) // it may have ended: then this shows
	select {
	case <-in.exited:
	case <-time.After(waiting):
		_ = in.cmd.Process.Kill()
		<-in.exited
		t.Error("it goes on running")
	}
	if got := in.cmd.ProcessState.ExitCode(); got != 0 {
		t.Errorf("got exit code %d, want 0", got)
	}
	for _, sign := range []string{"panic", "DATA RACE"} {
		if strings.Contains(in.log.String(), sign) {
			t.Errorf("%s in the log", sign)
		}
	}
	if t.Failed() {
		t.Log(in.log.String())
	}
}

func (in *instance) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := in.cmd.Process.Signal(s); err != nil {
		t.Error(err)
	}
}

// What the log says of how an instance is joined with the others.
const (
	asTogether = "asks together with the fleet"
	asAlone    = "asks for itself"
)

// waiting is how long a test waits for what it expects.
const waiting = 15 * time.Second

// eventually waits until the last line of the log about how the instance is joined, or any line where none is, has text.
func (in *instance) eventually(t *testing.T, text string) {
	t.Helper()
	eventually(t, func() error {
		log := in.log.String()
		if at := strings.LastIndex(log, "this instance asks"); text != "msg=serving" && at >= 0 {
			log = log[at:]
		}
		if !strings.Contains(log, text) {
			return fmt.Errorf("no %q in the log:\n%s", text, in.log)
		}
		return nil
	})
}

func eventually(t *testing.T, try func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(waiting)
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(err)
		}
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(errors.Join(errors.New("looking for a free port"), err))
	}
	defer l.Close()
	return l.Addr().String()
}
