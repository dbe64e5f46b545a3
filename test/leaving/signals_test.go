package leaving

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

// pollardPath is where TestMain has built the program; read-only from then on.
var pollardPath string

// wrapped is set where the tests' own program plays a wrapper that swallows signals.
const wrapped = "POLLARD_TEST_WRAPPED"

func TestMain(m *testing.M) {
	if path := os.Getenv(wrapped); path != "" {
		os.Exit(swallow(path))
	}
	os.Exit(program.Main(m, &pollardPath))
}

// swallow runs the program without passing any signal on.
func swallow(path string) int {
	signal.Ignore(syscall.SIGTERM)
	cmd := exec.Command(path, os.Args[1:]...)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return 1
	}
	return 0
}

// serving are the arguments that the program needs; nobody is asked upstream.
var serving = []string{"serve", "--upstream", "http://127.0.0.1:9", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"}

// start runs a command until the program serves. The command is killed with the test, if it still runs.
func start(t *testing.T, cmd *exec.Cmd) *program.Process {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that what it started can be killed too
	p, err := program.Start(cmd)
	if cmd.Process != nil {
		t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }) // mostly there is nobody left
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func eventually(t *testing.T, p *program.Process, text string) {
	t.Helper()
	err := program.Until(15*time.Second, func() error {
		if !strings.Contains(p.Log.String(), text) {
			return fmt.Errorf("got no %q in\n%s", text, p.Log)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// child returns the PID of the only child of a process.
func child(t *testing.T, parent int) int {
	t.Helper()
	pid := strconv.Itoa(parent)
	data, err := os.ReadFile(filepath.Join("/proc", pid, "task", pid, "children"))
	if err != nil {
		t.Skipf("the kernel does not tell of children: %v", err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatalf("got children %q of %d, want one", data, parent)
	}
	return n
}

func terminate(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

func ends(t *testing.T, p *program.Process) {
	t.Helper()
	if err := p.Exits(0); err != nil {
		t.Fatalf("%v\n%s", err, p.Log)
	}
	if !strings.Contains(p.Log.String(), "msg=stopped") {
		t.Errorf("got no farewell in\n%s", p.Log)
	}
}

// The kernel gives the first process of a PID namespace no signal that it has no handler for.
func TestAsPID1ItEndsWhenItIsTold(t *testing.T) {
	isolate := []string{"--pid", "--fork", "--mount-proc"}
	if out, err := exec.Command("unshare", append(isolate, "true")...).CombinedOutput(); err != nil {
		t.Skipf("no PID namespace can be made here: %v: %s", err, out)
	}
	args := append(append(isolate, pollardPath), serving...)
	cmd := exec.Command("unshare", args...)
	p := start(t, cmd)
	pid := child(t, cmd.Process.Pid)
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil || !strings.Contains(string(status), "\t1\n") {
		t.Errorf("got %v and\n%s\nwant PID 1 in its own namespace", err, status)
	}
	terminate(t, pid)
	ends(t, p)
	if strings.Contains(p.Log.String(), "my parent") {
		t.Errorf("got a warning of the parent in\n%s", p.Log)
	}
}

func TestUnderAShellItSaysThatSignalsMayNotArrive(t *testing.T) {
	script := pollardPath + " " + strings.Join(serving, " ") + "\nexit $?" // what follows keeps the shell from exec
	cmd := exec.Command("sh", "-c", script)
	p := start(t, cmd)
	eventually(t, p, "my parent is a shell: termination signals may not reach me; use exec")
	terminate(t, child(t, cmd.Process.Pid))
	ends(t, p)
}

func TestUnderAWrapperThatSwallowsSignalsItSaysSo(t *testing.T) {
	cmd := exec.Command(os.Args[0], serving...)
	cmd.Env = append(os.Environ(), wrapped+"="+pollardPath)
	p := start(t, cmd)
	eventually(t, p, "my parent ignores SIGTERM: termination signals may not reach me; use exec")
	pid := child(t, cmd.Process.Pid)
	terminate(t, cmd.Process.Pid)
	if strings.Contains(p.Log.String(), "msg=draining") {
		t.Errorf("got the wrapper's signal, which nobody passed on\n%s", p.Log)
	}
	terminate(t, pid) // SIGTERM was ignored when it was started, and is heeded
	ends(t, p)
}
