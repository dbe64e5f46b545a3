package program

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a program may take to serve, and to end: on a busy machine,
// with the race detector in it.
const patience = 40 * time.Second

// A Process is a pollard that serves.
type Process struct {
	Front, Admin string // addresses of its listeners
	Log          *Transcript

	cmd    *exec.Cmd
	exited chan struct{}
}

// serving is the line of the log that says where.
var serving = regexp.MustCompile(`msg=serving listen=(\S+) admin=(\S+)`)

// Start runs a command that serves, and waits until it does. Whoever has started it
// sees to its end, by Stop or by Kill.
func Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{Log: &Transcript{}, cmd: cmd, exited: make(chan struct{})}
	cmd.Env = append(cmd.Environ(), "GORACE=atexit_sleep_ms=0") // the detector's second would be most of the time
	cmd.Stderr = p.Log
	cmd.WaitDelay = patience // for what a wrapper leaves behind
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = cmd.Wait() // the exit code is in cmd.ProcessState
		close(p.exited)
	}()
	if err := until(p.exited, patience, p.saysWhere); err != nil {
		p.Kill()
		return nil, fmt.Errorf("%w:\n%s", err, p.Log)
	}
	return p, nil
}

func (p *Process) saysWhere() error {
	found := serving.FindStringSubmatch(p.Log.String())
	if found == nil {
		return errors.New("it does not serve")
	}
	p.Front, p.Admin = found[1], found[2]
	return nil
}

// Signal fails when the program has ended.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Exited is closed when the program has ended and all that it wrote is in its log.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Exits waits until the program has ended. It returns an error unless that was with
// this code, and without a panic or a data race before.
func (p *Process) Exits(code int) error {
	select {
	case <-p.exited:
	case <-time.After(patience):
		return errors.New("it goes on running")
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		return fmt.Errorf("got exit code %d, want %d", got, code)
	}
	for _, sign := range []string{"panic", "DATA RACE"} {
		if strings.Contains(p.Log.String(), sign) {
			return fmt.Errorf("%s in the log", sign)
		}
	}
	return nil
}

// Stop tells the program to stop, unless it has, and looks at how it went. A test
// that failed shows the log.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	_ = p.Signal(syscall.SIGTERM) // it may have ended by itself
	if err := p.Exits(0); err != nil {
		p.Kill()
		t.Error(err)
	}
	if t.Failed() {
		t.Log(p.Log)
	}
}

// Kill ends the program, if it runs, without looking at how.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.exited
}
