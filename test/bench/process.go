//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// readyLimit bounds the wait for a process to answer; Varnish compiles its configuration first.
const readyLimit = 20 * time.Second

// command is a server to start.
type command struct {
	name  string // in the tables
	addr  string // that it will answer on
	admin string // where Pollard has its metrics; empty: nowhere
	args  []string
	env   []string // besides our own
}

// process is a running server, pinned to one core. Whoever started it stops it.
type process struct {
	command
	cmd   *exec.Cmd
	log   *os.File // its standard output and error
	ended chan struct{}
	err   error // of its end; readable once ended is closed
}

// start starts c on the given core and waits until it answers.
func start(ctx context.Context, core int, c command) (*process, error) {
	log, err := os.CreateTemp("", "pollard-bench-log-*")
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	os.Remove(log.Name()) // the open file is all that is needed, and this way it cannot stay behind
	cmd := pinned(core, c.args)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), c.env...)
	if err := cmd.Start(); err != nil {
		log.Close()
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	p := &process{command: c, cmd: cmd, log: log, ended: make(chan struct{})}
	go func() { // ends with the process, which stop sees to
		p.err = cmd.Wait()
		close(p.ended)
	}()
	if err := p.ready(ctx); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// pinned is a command that may run on one core only.
func pinned(core int, args []string) *exec.Cmd {
	return exec.Command("taskset", append([]string{"--cpu-list", strconv.Itoa(core)}, args...)...)
}

// ready waits until the process answers. That it listens is not enough: Varnish does long before.
func (p *process) ready(ctx context.Context) error {
	limit, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	for sleep(limit, 20*time.Millisecond) {
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended at its start (%v): %s", p.name, p.err, p.lastWords())
		default:
		}
		if answer, err := http.Get("http://" + p.addr + "/"); err == nil {
			return answer.Body.Close()
		}
	}
	return errors.Join(ctx.Err(), fmt.Errorf("%s does not answer on %s: %s", p.name, p.addr, p.lastWords()))
}

// lastWords is the end of what the process has printed.
func (p *process) lastWords() string {
	info, err := p.log.Stat()
	if err != nil {
		return err.Error()
	}
	b := make([]byte, min(info.Size(), 2000))
	n, _ := p.log.ReadAt(b, info.Size()-int64(len(b))) // a short read is shorter words
	return strings.TrimSpace(string(b[:n]))
}

// stop ends the process and waits for it.
func (p *process) stop() {
	const grace = 5 * time.Second
	p.cmd.Process.Signal(syscall.SIGTERM) // fails when it has ended already, which is what we want
	select {
	case <-p.ended:
	case <-time.After(grace):
		p.cmd.Process.Kill()
		<-p.ended
	}
	p.log.Close()
}
