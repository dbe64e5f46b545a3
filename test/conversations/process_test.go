package conversations

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

// A process is a running `pollard serve`.
type process struct {
	cmd    *exec.Cmd
	log    *transcript
	front  string // address of the front door
	admin  string // URL of the admin listener
	exited chan struct{}
}

// serving is the line of the log that says where.
var serving = regexp.MustCompile(`msg=serving listen=(\S+) admin=(\S+)`)

// start runs a command that serves, and waits until it does.
func start(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, log: &transcript{}, exited: make(chan struct{})}
	cmd.Stderr = p.log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = cmd.Wait() // the exit code is in cmd.ProcessState
		close(p.exited)
	}()
	err := eventually(func() error {
		found := serving.FindStringSubmatch(p.log.String())
		if found == nil {
			return fmt.Errorf("it does not serve:\n%s", p.log.String())
		}
		p.front, p.admin = found[1], "http://"+found[2]
		return nil
	})
	if err != nil {
		p.kill()
	}
	return p, err
}

func (p *process) signal(name string) error {
	signals := map[string]os.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "USR1": syscall.SIGUSR1}
	s, ok := signals[name]
	if !ok {
		return fmt.Errorf("signal %q: want HUP, TERM, INT or USR1", name)
	}
	return p.cmd.Process.Signal(s)
}

// exit waits for the end, with this code.
func (p *process) exit(code int) error {
	select {
	case <-p.exited:
	case <-time.After(patience):
		return fmt.Errorf("it goes on running:\n%s", p.log.String())
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		return fmt.Errorf("got exit code %d, want %d:\n%s", got, code, p.log.String())
	}
	return nil
}

func (p *process) runs() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

func (p *process) kill() {
	if p.runs() {
		_ = p.cmd.Process.Kill() // it may end by itself meanwhile
	}
	<-p.exited
}

// A transcript is what a program has written so far.
type transcript struct{ program.Transcript }

// lines counts the lines that hold a text.
func (t *transcript) lines(text string) int {
	n := 0
	for line := range strings.Lines(t.String()) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}
