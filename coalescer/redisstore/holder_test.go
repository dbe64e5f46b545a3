package redisstore_test

import (
	"bufio"
	"io"
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

// holderOf names the Redis that TestHolder is to take a turn at.
const holderOf = "POLLARD_TEST_HOLDER_OF"

// TestHolder is an instance in a process of its own: it takes a turn with a lease
// of 100ms, says so, and publishes "old" when it is told to.
func TestHolder(t *testing.T) {
	address := os.Getenv(holderOf)
	if address == "" {
		t.Skip("another test runs it, as a process that can be stopped")
	}
	s := open(t, redisstore.Options{URLs: urls(t, "redis://"+address)})
	terms := everLasting
	terms.Lease = 100 * time.Millisecond
	turn, _, err := s.Begin(t.Context(), coalescer.Name{1}, terms)
	if turn == nil {
		t.Fatalf("got error %v, want the turn", err)
	}
	os.Stdout.WriteString("taken\n")
	bufio.NewReader(os.Stdin).ReadString('\n')
	turn.Publish(&coalescer.Said{Tag: `"old"`, Asked: time.Now()})
	s.Close()
	os.Stdout.WriteString("published\n")
}

func TestAHolderThatIsStoppedNeverOverwritesNewerState(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	holder := exec.Command(os.Args[0], "-test.run=^TestHolder$")
	holder.Env = append(os.Environ(), holderOf+"="+server.Addr)
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
	lines := bufio.NewReader(out)
	says(t, lines, "taken")
	holder.Process.Signal(syscall.SIGSTOP)

	o := redisstore.Options{URLs: urls(t, "redis://"+server.Addr)}
	successor, reader := open(t, o), open(t, o)
	var turn coalescer.Turn
	eventually(t, func() bool { turn, _, err = successor.Begin(t.Context(), coalescer.Name{1}, everLasting); return turn != nil }, func() string { return text(err) })
	turn.Publish(&coalescer.Said{Tag: `"new"`, Asked: time.Now()})
	told := func() string {
		_, said, err := reader.Begin(t.Context(), coalescer.Name{1}, everLasting)
		if said == nil {
			return text(err)
		}
		return string(said.Tag)
	}
	if got := told(); got != `"new"` {
		t.Errorf("got %s, want \"new\"", got)
	}

	io.WriteString(in, "publish\n")
	holder.Process.Signal(syscall.SIGCONT)
	says(t, lines, "published")
	another := open(t, o)
	if _, said, err := another.Begin(t.Context(), coalescer.Name{1}, everLasting); said == nil || said.Tag != `"new"` {
		t.Errorf("after the holder published: got %+v, error %v, want \"new\"", said, err)
	}
}

func says(t *testing.T, lines *bufio.Reader, want string) {
	t.Helper()
	for {
		line, err := lines.ReadString('\n')
		if strings.TrimSpace(line) == want {
			return
		}
		if err != nil {
			t.Fatalf("the holder never says %q: %v", want, err)
		}
	}
}
