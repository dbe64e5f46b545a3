package redisstore_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/test/redistest"
)

// holderOf names the Redis that a process holds a turn at instead of testing.
const holderOf = "POLLARD_TEST_HOLDER_OF"

func TestMain(m *testing.M) {
	address := os.Getenv(holderOf)
	if address == "" {
		os.Exit(m.Run())
	}
	if err := hold(address); err != nil {
		fmt.Fprintln(os.Stderr, "holding a turn:", err)
		os.Exit(1)
	}
}

// hold takes a turn with a lease of 100ms, says so, and publishes "old" when it
// is told to.
func hold(address string) error {
	s, err := redisstore.New(redisstore.Options{URLs: []*url.URL{{Scheme: "redis", Host: address}}, Budget: budget})
	if err != nil {
		return err
	}
	terms := everLasting
	terms.Lease = 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var turn coalescer.Turn
	for turn == nil && ctx.Err() == nil {
		turn, _, err = s.Begin(ctx, coalescer.Name{1}, terms)
	}
	if turn == nil {
		return err
	}
	fmt.Println("taken")
	bufio.NewReader(os.Stdin).ReadString('\n')
	turn.Publish(&coalescer.Said{Tag: `"old"`, Asked: time.Now()})
	defer fmt.Println("published")
	return s.Close()
}

func TestAHolderThatIsStoppedNeverOverwritesNewerState(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	holder, in, lines := startHolder(t, server)
	says(t, lines, "taken")
	holder.Signal(syscall.SIGSTOP)

	o := redisstore.Options{URLs: urls(t, "redis://"+server.Addr)}
	successor, reader := open(t, o), open(t, o)
	eventually(t, func() bool {
		turn, _, _ := successor.Begin(t.Context(), coalescer.Name{1}, everLasting)
		if turn != nil {
			turn.Publish(&coalescer.Said{Tag: `"new"`, Asked: time.Now()})
		}
		return turn != nil
	}, func() string { return "no turn" })
	told := func(s *redisstore.Store) {
		t.Helper()
		if _, said, err := s.Begin(t.Context(), coalescer.Name{1}, everLasting); said == nil || said.Tag != `"new"` {
			t.Errorf("got %+v, error %v, want \"new\"", said, err)
		}
	}
	told(reader)

	io.WriteString(in, "publish\n")
	holder.Signal(syscall.SIGCONT)
	says(t, lines, "published")
	told(open(t, o))
}

// startHolder starts this program as a holder, and returns what to write to it
// and what it says.
func startHolder(t *testing.T, server *redistest.Server) (*os.Process, io.Writer, *bufio.Reader) {
	t.Helper()
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), holderOf+"="+server.Addr)
	holder.Stderr = os.Stderr
	in, err := holder.StdinPipe()
	if err != nil {
		t.Fatalf("a pipe: %v", err)
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatalf("a pipe: %v", err)
	}
	if err := holder.Start(); err != nil {
		t.Fatalf("starting the holder: %v", err)
	}
	t.Cleanup(func() {
		holder.Process.Kill()
		holder.Wait()
	})
	return holder.Process, in, bufio.NewReader(out)
}

func says(t *testing.T, lines *bufio.Reader, want string) {
	t.Helper()
	line, err := lines.ReadString('\n')
	if strings.TrimSpace(line) != want {
		t.Fatalf("the holder says %q, error %v, want %q", line, err, want)
	}
}
