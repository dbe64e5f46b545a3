// Package program builds and runs the real pollard for tests that drive it as its users do.
package program

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Main builds the program, runs the tests, and returns their exit code; meanwhile
// the program is at *path. It is for TestMain.
func Main(m *testing.M, path *string) int {
	folder, err := os.MkdirTemp("", "pollard-test-")
	if err == nil {
		defer os.RemoveAll(folder)
		*path = filepath.Join(folder, "pollard")
		err = build(*path)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func build(path string) error {
	out, err := exec.Command("go", "build", "-o", path, fmt.Sprintf("-race=%v", Raced), "github.com/pollard-proxy/pollard/cmd/pollard").CombinedOutput()
	if err != nil {
		return fmt.Errorf("building pollard: %w\n%s", err, out)
	}
	return nil
}

// A Transcript is what a program has written so far. It is safe for concurrent
// use.
type Transcript struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (t *Transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.Write(p)
}

func (t *Transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}

// Reset forgets it.
func (t *Transcript) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Reset()
}
