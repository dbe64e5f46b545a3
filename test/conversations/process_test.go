package conversations

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/pollard-proxy/pollard/test/program"
)

// A process is a running `pollard serve`.
type process struct {
	*program.Process
	admin string // URL of the admin listener
}

// start runs a command that serves, and waits until it does.
func start(cmd *exec.Cmd) (*process, error) {
	p, err := program.Start(cmd)
	if err != nil {
		return nil, err
	}
	return &process{p, "http://" + p.Admin}, nil
}

func (p *process) signal(name string) error {
	signals := map[string]os.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "USR1": syscall.SIGUSR1}
	s, ok := signals[name]
	if !ok {
		return fmt.Errorf("signal %q: want HUP, TERM, INT or USR1", name)
	}
	return p.Signal(s)
}

// lines counts the lines of the log that hold a text.
func (p *process) lines(text string) int {
	n := 0
	for line := range strings.Lines(p.Log.String()) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}
