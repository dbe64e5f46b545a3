//go:build linux

package main

import (
	"os"
	"testing"
	"time"
)

func TestParseStatCountsFieldsFromTheLastParenthesis(t *testing.T) {
	const line = "4711 (nginx: (worker) 1) S 4242 4711 4711 0 -1 4194624 5 0 0 0 123 45 0 0 20 0 1 0 99 1 2"
	got, err := parseStat(line)
	want := processStat{pid: 4711, parent: 4242, cpu: 1680 * time.Millisecond}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestParseStatRefusesWhatIsNotOne(t *testing.T) {
	for _, line := range []string{"", "1 (x) S 2", "x (x) S 2 3 4 5 6 7 8 9 10 11 12 13 14 15", "1 (x) S 2 3 4 5 6 7 8 9 10 11 twelve 13 14 15"} {
		if got, err := parseStat(line); err == nil {
			t.Errorf("parseStat(%q): got %+v, want an error", line, got)
		}
	}
}

func TestDescendsFollowsParentsToTheAncestor(t *testing.T) {
	parents := map[int]int{1: 0, 10: 1, 11: 10, 12: 11, 20: 1}
	for pid, want := range map[int]bool{10: true, 11: true, 12: true, 20: false, 1: false} {
		if got := descends(pid, 10, parents); got != want {
			t.Errorf("descends(%d, 10): got %v, want %v", pid, got, want)
		}
	}
}

func TestCPUMeterReadsItsOwnProcess(t *testing.T) {
	m, err := watchCPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if used, err := m.used(); err != nil || used < 0 || len(m.pids) == 0 {
		t.Errorf("got %v of processes %v, %v, want a time that is not negative", used, m.pids, err)
	}
}
