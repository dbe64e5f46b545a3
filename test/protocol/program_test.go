package protocol

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// A process is a running `pollard serve`.
type process struct {
	cmd   *exec.Cmd
	file  string // its configuration
	front string // address of the front door
}

// serving is the line of the log that says where.
var serving = regexp.MustCompile(`msg=serving listen=(\S+)`)

// start runs the program until the test ends, in front of an upstream.
func start(t *testing.T, config, upstream string) *process {
	t.Helper()
	p := &process{file: filepath.Join(t.TempDir(), "pollard.yml")}
	p.configure(t, config)
	p.cmd = exec.Command(pollardPath, "serve", "--config", p.file, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--upstream", upstream)
	log, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err = p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(log)
	read := make(chan struct{})
	t.Cleanup(func() {
		p.cmd.Process.Kill() // it may have ended by itself
		<-read
		p.cmd.Wait()
	})
	p.front = addressIn(lines)
	go func() {
		defer close(read)
		for lines.Scan() { // so that it never waits for us
		}
	}()
	if p.front == "" {
		t.Fatal("the program does not serve")
	}
	return p
}

func addressIn(log *bufio.Scanner) string {
	for log.Scan() {
		if found := serving.FindStringSubmatch(log.Text()); found != nil {
			return found[1]
		}
	}
	return ""
}

func (p *process) configure(t *testing.T, config string) {
	t.Helper()
	if err := os.WriteFile(p.file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

// lower puts every route at a stage below push in force.
func (p *process) lower(t *testing.T, config string) {
	t.Helper()
	p.configure(t, strings.ReplaceAll(config, "stage: push", "stage: coalesce"))
	p.cmd.Process.Signal(syscall.SIGHUP) // it may have ended: then the client is not told
}
