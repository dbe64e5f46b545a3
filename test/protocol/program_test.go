package protocol

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pollard-proxy/pollard/test/program"
)

// A process is a running `pollard serve`.
type process struct {
	*program.Process
	file string // its configuration
}

// start runs the program until the test ends, in front of an upstream.
func start(t *testing.T, config, upstream string) *process {
	t.Helper()
	p := &process{file: filepath.Join(t.TempDir(), "pollard.yml")}
	p.configure(t, config)
	var err error
	p.Process, err = program.Start(exec.Command(pollardPath, "serve", "--config", p.file, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--upstream", upstream))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(t) })
	return p
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
	p.Signal(syscall.SIGHUP) // it may have ended: then the client is not told
}
