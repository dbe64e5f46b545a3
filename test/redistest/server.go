package redistest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

// patience is how long a server may take for anything.
const patience = 20 * time.Second

// Server is a Redis server on a free port of the loopback, that ends with its
// test.
type Server struct {
	Addr string

	args    []string
	command *exec.Cmd
	output  *bytes.Buffer
}

// Start starts a server that saves nothing, with further arguments such as
// "--maxmemory", "2mb".
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := New(t, args...)
	s.Run(t)
	return s
}

// New returns a server that is not running yet, on an address of its own. It
// skips the test where Redis is not installed.
func New(t testing.TB, args ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("no redis-server: test/tools/setup test installs it")
	}
	address := program.FreeAddress(t)
	_, port, _ := net.SplitHostPort(address) // it has one
	standard := []string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir(),
		"--enable-debug-command", "yes", "--loglevel", "warning"}
	return &Server{Addr: address, args: append(standard, args...)}
}

// StartTLS is Start for a server that speaks nothing but TLS, with a certificate
// and a key in PEM files. Do and Try do not reach it.
func StartTLS(t testing.TB, certificate, key string) *Server {
	t.Helper()
	s := New(t)
	s.args[0] = "--tls-port"
	s.args = append(s.args, "--port", "0", "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no")
	s.Run(t)
	return s
}

// Run starts a server that is not running, and waits until it answers.
func (s *Server) Run(t testing.TB) {
	t.Helper()
	s.output = new(bytes.Buffer)
	s.command = exec.Command("redis-server", s.args...)
	s.command.Stdout, s.command.Stderr = s.output, s.output
	if err := s.command.Start(); err != nil {
		t.Fatalf("starting redis-server: %v", err)
	}
	process := s.command
	t.Cleanup(func() { end(process) })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		conn, err := net.Dial("tcp", s.Addr)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("redis-server does not listen: %v\n%s", err, s.output)
		}
	}
}

// Stop kills the server. Run starts it again, empty, on the same address.
func (s *Server) Stop() { end(s.command) }

func end(c *exec.Cmd) {
	c.Process.Signal(syscall.SIGCONT)
	c.Process.Kill()
	c.Wait()
}

// Pause stops the server as a machine that hangs does; Resume has it go on.
func (s *Server) Pause()  { s.command.Process.Signal(syscall.SIGSTOP) }
func (s *Server) Resume() { s.command.Process.Signal(syscall.SIGCONT) }

// Do sends a command on a connection of its own and returns the first line of
// the answer, and of a text what is in it.
func (s *Server) Do(t testing.TB, command ...string) string {
	t.Helper()
	answer, err := s.Try(command...)
	if err != nil {
		t.Fatalf("%s: %v", command[0], err)
	}
	return answer
}

// Try is Do for a command that may fail, on any goroutine.
func (s *Server) Try(command ...string) (string, error) { return do(s.Addr, command) }

func do(addr string, command []string) (string, error) {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "*%d\r\n", len(command))
	for _, word := range command {
		fmt.Fprintf(conn, "$%d\r\n%s\r\n", len(word), word)
	}
	return answer(bufio.NewReader(conn))
}

func answer(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSpace(line)
	switch line[0] {
	case '-':
		return "", errors.New(line[1:])
	case '$':
		n, err := strconv.Atoi(line[1:])
		if err != nil || n < 0 {
			return "", err
		}
		text := make([]byte, n)
		for read := 0; read < n && err == nil; {
			var some int
			some, err = r.Read(text[read:])
			read += some
		}
		return string(text), err
	}
	return line[1:], nil
}

// StartSentinel starts a Sentinel that watches primary under the name "main".
func StartSentinel(t testing.TB, primary *Server) *Server {
	t.Helper()
	return startSentinel(t, primary, 1)
}

// StartSentinels starts so many, of whom most must agree that primary is down, and
// waits until they know each other and its replicas.
func StartSentinels(t testing.TB, primary *Server, n, replicas int) []*Server {
	t.Helper()
	sentinels := make([]*Server, n)
	for i := range sentinels {
		sentinels[i] = startSentinel(t, primary, n/2+1)
	}
	know := fmt.Sprintf("slaves=%d,sentinels=%d", replicas, n)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, s := range sentinels {
		for info := ""; !strings.Contains(info, know); {
			select {
			case <-time.After(50 * time.Millisecond):
				info = s.Do(t, "INFO", "sentinel")
			case <-ctx.Done():
				t.Fatalf("a Sentinel does not come to know %s: %s", know, info)
			}
		}
	}
	return sentinels
}

func startSentinel(t testing.TB, primary *Server, quorum int) *Server {
	t.Helper()
	host, port, _ := net.SplitHostPort(primary.Addr)
	s := New(t)
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	_, own, _ := net.SplitHostPort(s.Addr)
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\nsentinel monitor main %s %s %d\nsentinel down-after-milliseconds main 500\nsentinel failover-timeout main 2000\n", own, host, port, quorum)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatalf("writing the Sentinel's configuration: %v", err)
	}
	s.args = []string{file, "--sentinel"}
	s.Run(t)
	return s
}
