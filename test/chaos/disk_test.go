package chaos

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// small mounts a disk of a few pages at a folder, where only what runs in it sees that, and then becomes another
// command.
const small = `mount -t tmpfs -o size=64k pollard-test "$0" && exec "$@"`

// disk is a folder that an instance keeps its state in. Where it can be made so, it fills up at once.
type disk struct {
	path  string
	small bool
}

func newDisk(t *testing.T) disk {
	d := disk{path: t.TempDir()}
	out, err := d.on("true").CombinedOutput()
	if d.small = err == nil; !d.small {
		t.Logf("no disk will be full: mounting one: %v: %s", err, out)
	}
	return d
}

// on returns a command that has the disk.
func (d disk) on(command ...string) *exec.Cmd {
	return exec.Command("unshare", append([]string{"--mount", "sh", "-c", small, d.path}, command...)...)
}

// fill fills the disk as a process sees it, and returns what empties it.
func (d disk) fill(pid int) (empty func() error, err error) {
	path := filepath.Join(fmt.Sprintf("/proc/%d/root", pid), d.path, "filling")
	empty = func() error { return os.Remove(path) }
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		return empty, fmt.Errorf("filling the disk: got %v, want that it is full", err)
	}
	return empty, nil
}

// withAFullDisk has the kill switch put in force and taken out again while nothing of it can be written down.
func (in *instance) withAFullDisk(t *testing.T, length time.Duration) {
	if !in.disk.small {
		return
	}
	empty, err := in.disk.fill(in.pid)
	if err != nil {
		t.Fatal(err)
	}
	in.must(t, http.MethodPut, "/api/v1/kill")
	rest(t.Context(), length)
	in.must(t, http.MethodDelete, "/api/v1/kill")
	if err := empty(); err != nil {
		t.Error(err)
	}
}

// must does something by the admin listener.
func (in *instance) must(t *testing.T, method, path string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+in.admin+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, text, err := fetch(http.DefaultClient, r)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode/100 != 2 {
		t.Errorf("%s %s: got %s: %s", method, path, resp.Status, text)
	}
}
