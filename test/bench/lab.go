//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/pollard-proxy/pollard/test/freeport"
)

// lab is where one run takes place: two cores, an upstream, and a folder that goes when it ends.
type lab struct {
	options
	dir      string
	self     string // this program, for its other parts
	cores    cores
	upstream *process
	count    string // the address where the upstream tells what it has been asked
	pollard  string // the executable; empty when left out
	modules  string // the folder of nginx's; empty when Nchan is left out
}

func newLab(ctx context.Context, o options) (*lab, error) {
	l := &lab{options: o}
	if err := l.setUp(ctx); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *lab) setUp(ctx context.Context) error {
	var err error
	if l.cores, err = availableCores(); err != nil {
		return err
	}
	if err = enoughDescriptors(l.mostWatchers()); err != nil {
		return err
	}
	if l.self, err = os.Executable(); err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if l.dir, err = os.MkdirTemp("", "pollard-bench-"); err != nil {
		return err
	}
	if err := l.findServers(ctx); err != nil {
		return err
	}
	addr, err1 := freeport.Address()
	count, err2 := freeport.Address()
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	l.count = count
	l.upstream, err = start(ctx, l.cores.load, command{
		name: "upstream", addr: addr,
		args: []string{l.self, "upstream", "-listen", addr, "-count", count}, env: []string{"GOMAXPROCS=1"},
	})
	return err
}

func (l *lab) close() {
	if l.upstream != nil {
		l.upstream.stop()
	}
	if l.dir != "" {
		os.RemoveAll(l.dir) // the temporary folder's own cleaning takes what is left
	}
}

// findServers checks that every server of the run is there before the first minute is spent.
func (l *lab) findServers(ctx context.Context) error {
	for _, name := range []string{"nginx", "varnishd", "taskset"} {
		if l.leavesOut(strings.TrimSuffix(name, "d")) {
			continue
		}
		if _, err := exec.LookPath(name); err != nil {
			return missing(err)
		}
	}
	if !l.leavesOut("nchan") {
		var err error
		if l.modules, err = nginxModules(); err != nil {
			return missing(err)
		}
	}
	if l.leavesOut("pollard") {
		return nil
	}
	if l.pollard = l.options.pollard; l.pollard != "" {
		return nil
	}
	l.pollard = filepath.Join(l.dir, "pollard")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", l.pollard, "./cmd/pollard")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build pollard: %w: %s", err, out)
	}
	return nil
}

func missing(err error) error {
	return fmt.Errorf("%w: `test/tools/setup bench` installs it, -without leaves a server out", err)
}

func (l *lab) leavesOut(server string) bool { return slices.Contains(l.without, server) }

// startAll starts servers side by side on the server core. Those that are idle cost the others nothing.
// The caller calls stop in any case.
func (l *lab) startAll(ctx context.Context, makers ...maker) (servers []*process, stop func(), err error) {
	stop = func() {
		for _, s := range servers {
			s.stop()
		}
	}
	for _, make := range makers {
		c, err := make(l)
		if errors.Is(err, errLeftOut) {
			continue
		}
		if err != nil {
			return servers, stop, err
		}
		s, err := start(ctx, l.cores.server, c)
		if err != nil {
			return servers, stop, err
		}
		servers = append(servers, s)
	}
	return servers, stop, nil
}

// load runs p in a process of its own on the other core.
func (l *lab) load(ctx context.Context, p plan) (result, error) {
	var r result
	return r, l.part(ctx, "load", p, &r)
}

// part runs one of the other parts of this program to its end, told by JSON what to do.
func (l *lab) part(ctx context.Context, name string, plan, result any) error {
	in, err := json.Marshal(plan)
	if err != nil {
		return err
	}
	var out, complaint bytes.Buffer
	cmd := pinned(l.cores.load, []string{l.self, name})
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &complaint
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	stop := context.AfterFunc(ctx, func() { cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	if err := cmd.Wait(); err != nil {
		return errors.Join(ctx.Err(), fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(complaint.Bytes())))
	}
	return json.Unmarshal(out.Bytes(), result)
}

// upstreamCounts asks the upstream what it has been asked so far.
func (l *lab) upstreamCounts(ctx context.Context) (counts, error) {
	var c counts
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+l.count, nil)
	if err != nil {
		return c, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return c, fmt.Errorf("ask the upstream for its counts: %w", err)
	}
	defer answer.Body.Close()
	return c, json.NewDecoder(answer.Body).Decode(&c)
}

// progress tells whoever waits where the run is.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
