//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the times in /proc/PID/stat: USER_HZ, which is 100 on every machine that Go runs
// Linux on. User and system time are each cut off to it.
const tick = 10 * time.Millisecond

// cpuMeter measures the CPU time of a process and of its descendants at the time it was made: all of
// their threads, none of their dead children. The servers here neither fork nor lose a worker under load.
type cpuMeter struct {
	pids  []int
	began time.Duration
}

// watchCPU starts to measure the process pid; with pid 0 it measures nothing.
func watchCPU(pid int) (*cpuMeter, error) {
	m := &cpuMeter{}
	if pid == 0 {
		return m, nil
	}
	var err error
	if m.pids, err = processTree(pid); err != nil {
		return nil, err
	}
	m.began, err = m.total()
	return m, err
}

// processTree is a process and its descendants, by number.
func processTree(pid int) ([]int, error) {
	parents, err := parentsByPID()
	if err != nil {
		return nil, err
	}
	var tree []int
	for p := range parents {
		if descends(p, pid, parents) {
			tree = append(tree, p)
		}
	}
	slices.Sort(tree)
	return tree, nil
}

// used is the CPU time since watchCPU.
func (m *cpuMeter) used() (time.Duration, error) {
	now, err := m.total()
	return now - m.began, err
}

func (m *cpuMeter) total() (time.Duration, error) {
	var sum time.Duration
	for _, pid := range m.pids {
		stat, err := readStat(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		if err != nil {
			return 0, err
		}
		sum += stat.cpu
	}
	return sum, nil
}

func descends(pid, ancestor int, parents map[int]int) bool {
	for ; pid != 0; pid = parents[pid] {
		if pid == ancestor {
			return true
		}
	}
	return false
}

func parentsByPID() (map[int]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	parents := make(map[int]int, len(files))
	for _, file := range files {
		stat, err := readStat(file)
		if err != nil {
			continue // ended since the listing, and so none that we measure
		}
		parents[stat.pid] = stat.parent
	}
	return parents, nil
}

// processStat is what /proc/PID/stat says of a process, proc(5).
type processStat struct {
	pid, parent int
	cpu         time.Duration // utime and stime, of all its threads
}

func readStat(file string) (processStat, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return processStat{}, fmt.Errorf("read CPU times: %w", err)
	}
	stat, err := parseStat(string(b))
	if err != nil {
		return processStat{}, fmt.Errorf("%s: %w", file, err)
	}
	return stat, nil
}

// parseStat reads the line of /proc/PID/stat. The second field is the command in parentheses and may hold
// spaces and parentheses itself, so the rest counts from the last one.
func parseStat(line string) (processStat, error) {
	const parent, utime, stime = 1, 11, 12 // after the command; fields 4, 14 and 15 of proc(5)
	pid, _, _ := strings.Cut(line, " ")
	rest := strings.Fields(line[strings.LastIndexByte(line, ')')+1:])
	if len(rest) <= stime {
		return processStat{}, fmt.Errorf("a process's stat has %d fields after its command", len(rest))
	}
	var numbers [4]int
	for i, field := range []string{pid, rest[parent], rest[utime], rest[stime]} {
		n, err := strconv.Atoi(field)
		if err != nil {
			return processStat{}, fmt.Errorf("a process's stat: %w", err)
		}
		numbers[i] = n
	}
	return processStat{pid: numbers[0], parent: numbers[1], cpu: time.Duration(numbers[2]+numbers[3]) * tick}, nil
}
