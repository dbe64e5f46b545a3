//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cores says who runs where.
type cores struct {
	server, load int
}

// availableCores takes the first two cores that this process may run on. On one core, server and load
// generator would take turns and every figure would be of the scheduler.
func availableCores() (cores, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return cores{}, fmt.Errorf("look for cores: %w", err)
	}
	allowed, err := parseCores(field(string(status), "Cpus_allowed_list"))
	if err != nil {
		return cores{}, fmt.Errorf("look for cores: %w", err)
	}
	if len(allowed) < 2 {
		return cores{}, errors.New("this needs two cores: one for the server, one for the load")
	}
	return cores{server: allowed[0], load: allowed[1]}, nil
}

// parseCores reads the kernel's list format, "0-2,5".
func parseCores(list string) ([]int, error) {
	var all []int
	for span := range strings.SplitSeq(list, ",") {
		low, high, isRange := strings.Cut(span, "-")
		if !isRange {
			high = low
		}
		first, err1 := strconv.Atoi(low)
		last, err2 := strconv.Atoi(high)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("list of cores %q: %w", list, err)
		}
		for core := first; core <= last; core++ {
			all = append(all, core)
		}
	}
	return all, nil
}

// machine describes where the figures were made, so that nobody compares them with another machine's.
type machine struct {
	CPU, Kernel, Go, Load string
	Cores                 int
	Rivals                []string
	Date                  time.Time
	Command               string
}

func describeMachine(o options, args []string) machine {
	m := machine{
		CPU:     field(readText("/proc/cpuinfo"), "model name"),
		Cores:   runtime.NumCPU(),
		Kernel:  readText("/proc/sys/kernel/osrelease"),
		Go:      runtime.Version(),
		Load:    strings.Join(strings.Fields(readText("/proc/loadavg"))[:3], " "),
		Date:    time.Now(),
		Command: strings.Join(append([]string{"go run ./test/bench"}, args...), " "),
	}
	for rival, version := range map[string][]string{"nginx": {"nginx", "-v"}, "varnish": {"varnishd", "-V"}, "nchan": {"dpkg-query", "-W", "libnginx-mod-nchan"}} {
		if slices.Contains(o.without, rival) {
			continue
		}
		if out, err := exec.Command(version[0], version[1:]...).CombinedOutput(); err == nil {
			first, _, _ := bytes.Cut(out, []byte("\n"))
			m.Rivals = append(m.Rivals, strings.Join(strings.Fields(string(first)), " "))
		}
	}
	slices.Sort(m.Rivals)
	return m
}

func (m machine) String() string {
	return fmt.Sprintf(`%s, with:

    %s

%s, %d cores, Linux %s, %s. Load average before the run: %s. CPU time has a resolution of %v per process.
`, m.Date.Format("2 January 2006"), m.Command, m.CPU, m.Cores, m.Kernel, strings.Join(append([]string{m.Go}, m.Rivals...), "; "), m.Load, tick)
}

// enoughDescriptors checks that both ends of so many connections can hold them.
func enoughDescriptors(connections int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("look for the limit of descriptors: %w", err)
	}
	if want := uint64(connections + spareConnections); limit.Max < want {
		return fmt.Errorf("a process may have %d descriptors, and this takes %d: raise it by ulimit -Hn", limit.Max, want)
	}
	return nil
}

// spareConnections are those that are no watcher's: to the upstream, of publishers, and of a server's own.
const spareConnections = 2000

// readText returns a file's text or nothing: a machine that does not say what it is, is measured all the same.
func readText(file string) string {
	b, _ := os.ReadFile(file)
	return strings.TrimSpace(string(b))
}

// field finds the value of the first line "name : value".
func field(text, name string) string {
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
