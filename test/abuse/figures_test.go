package abuse

import (
	"bufio"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	figures = flag.Duration("figures", 0, "how long each attack lasts whose effect on others is measured; 0 for none")
	only    = flag.String("attack", "", "the one attack, by its name; all if empty")
	strict  = flag.Bool("strict", false, "fail where others wait for twice as long as in quiet")
)

const (
	pollers   = 20                     // others, who poll while somebody attacks
	pollEvery = 100 * time.Millisecond // each of them
	slow      = 1000                   // connections of slowhttptest
	resets    = 10_000                 // streams that are cancelled at once
	halfOpen  = 20_000                 // connections that never say what they want
)

// TestOthersAreServedWhileSomebodyAttacks measures; it needs slowhttptest, and most of a machine.
func TestOthersAreServedWhileSomebodyAttacks(t *testing.T) {
	if *figures == 0 {
		t.Skip("-figures says how long to attack: make test-abuse")
	}
	p := serve(t, 0, "h2c: true")
	attacks := []struct {
		name   string
		attack func(ctx context.Context) string // what came of it
	}{
		{"quiet", func(ctx context.Context) string { <-ctx.Done(); return "" }},
		{"slow headers", slowhttptest(p.Front, "-H")},
		{"slow body", slowhttptest(p.Front, "-B")},
		{"slow read", slowhttptest(p.Front, "-X", "-k", "10", "-u", "http://"+p.Front+"/big/1")},
		{"rapid resets", func(ctx context.Context) string { return resetStreams(ctx, p.Front) }},
		{"half open", holdHalfOpen(p.Front)},
	}
	var quiet time.Duration
	for _, a := range attacks {
		if *only != "" && a.name != "quiet" && a.name != *only {
			continue
		}
		others := connect(t, p.Front)
		ctx, cancel := context.WithTimeout(t.Context(), *figures)
		came := make(chan string, 1)
		go func() { came <- a.attack(ctx) }()
		took := pollMeanwhile(ctx, t, others)
		cancel()
		p50, p99, worst := took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
		t.Logf("| %s | %d | %v | %v | %v | %s |", a.name, len(took), round(p50), round(p99), round(worst), <-came)
		switch {
		case a.name == "quiet":
			quiet = p99
		case *strict && p99 > 2*quiet:
			t.Errorf("%s: others wait for %v at p99, and %v in quiet", a.name, p99, quiet)
		}
	}
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// connect opens a connection for each of those who poll.
func connect(t *testing.T, addr string) (others []net.Conn) {
	t.Helper()
	for range pollers {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		others = append(others, c)
	}
	return others
}

// pollMeanwhile polls on each connection until ctx ends, and returns how long each poll took, the longest last.
func pollMeanwhile(ctx context.Context, t *testing.T, others []net.Conn) (took []time.Duration) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for i, c := range others {
		all.Go(func() {
			defer c.Close()
			tick := time.NewTicker(pollEvery)
			defer tick.Stop()
			for ctx.Err() == nil {
				began := time.Now()
				if !exchange(c, fmt.Sprintf("GET /doc HTTP/1.1\r\nHost: a\r\nCookie: sid=%d\r\n\r\n", i)) {
					t.Error("a poll of another failed")
					return
				}
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
				<-tick.C
			}
		})
	}
	all.Wait()
	slices.Sort(took)
	return took
}

// slowhttptest attacks in a way of Debian's slowhttptest.
func slowhttptest(addr string, way ...string) func(context.Context) string {
	return func(ctx context.Context) string {
		args := append([]string{"-c", strconv.Itoa(slow), "-r", "500", "-i", "2", "-l", "3600", "-u", "http://" + addr + "/form"}, way...)
		cmd := exec.CommandContext(ctx, "slowhttptest", args...)
		cmd.Stdout = io.Discard
		if err := cmd.Run(); ctx.Err() == nil {
			return fmt.Sprintf("slowhttptest ended: %v", err)
		}
		return fmt.Sprintf("%d connections", slow)
	}
}

// resetStreams opens and cancels streams on one connection after the other until so many have been sent.
func resetStreams(ctx context.Context, addr string) string {
	frame := func(kind, flags byte, stream uint32, payload string) []byte {
		b := []byte{0, 0, byte(len(payload)), kind, flags}
		return append(binary.BigEndian.AppendUint32(b, stream), payload...)
	}
	sent, connections := 0, 0
	for sent < resets && ctx.Err() == nil {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return err.Error()
		}
		connections++
		go func() { _, _ = io.Copy(io.Discard, bufio.NewReader(conn)) }() // until it is closed
		_, err = conn.Write(append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(4, 0, 0, "")...))
		for id := uint32(1); err == nil && sent < resets && ctx.Err() == nil; id += 2 {
			_, err = conn.Write(append(frame(1, 5, id, "\x82\x86\x84\x01\x01a"), frame(3, 0, id, "\x00\x00\x00\x08")...))
			sent++
		}
		conn.Close()
	}
	<-ctx.Done()
	return fmt.Sprintf("%d streams on %d connections", sent, connections)
}

// attacked is set, to an address, where the tests' own program plays somebody who opens connections there: their number
// must not slow down those who measure.
const attacked = "POLLARD_TEST_ATTACKED"

// holdHalfOpen has another process open connections until ctx ends.
func holdHalfOpen(addr string) func(context.Context) string {
	return func(ctx context.Context) string {
		cmd := exec.CommandContext(ctx, os.Args[0])
		cmd.Env = append(os.Environ(), attacked+"="+addr)
		said, err := cmd.Output() // until it is killed
		if ctx.Err() == nil {
			return fmt.Sprint(err)
		}
		return fmt.Sprintf("%d connections", strings.Count(string(said), ".")*reported)
	}
}

const reported = 100 // connections have one dot

// openHalf opens connections that begin a request and do not go on, for as long as there is room.
func openHalf(addr string) {
	var open []net.Conn
	for len(open) < halfOpen {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		open = append(open, c)
		_, _ = io.WriteString(c, "GET /doc HTTP/1.1\r\nHost: a\r\n") // who was refused counts all the same
		if len(open)%reported == 0 {
			fmt.Print(".")
		}
	}
	for {
		time.Sleep(time.Hour) // it is killed before
	}
}
