package memory

import (
	"bytes"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
)

// TestStoredAnswersGiveWayFirstThenNewcomers and what gave way comes back.
func TestStoredAnswersGiveWayFirstThenNewcomers(t *testing.T) {
	var log bytes.Buffer
	stored, bound := int64(300), int64(500)
	b := New(Options{
		Bytes: 1000, StoredBytes: bound, Log: slog.New(slog.NewTextHandler(&log, nil)),
		Stored: func() int64 { return stored },
		Bound:  func(n int64) { bound = n; stored = min(stored, n) },
	})
	steps := []struct {
		used  int64
		bound int64
		full  bool
		said  string
	}{
		{used: 700, bound: 500},
		{used: 800, bound: 500},
		{used: 850, bound: 250, said: short}, // of the 300 that are stored
		{used: 850, bound: 200},
		{used: 901, bound: 99, full: true, said: none},
		{used: 950, bound: 0, full: true},
		{used: 900, bound: 0, said: short},
		{used: 600, bound: 100},
		{used: 100, bound: 450},
		{used: 100, bound: 500, said: enough},
		{used: 100, bound: 500},
	}
	for i, step := range steps {
		log.Reset()
		b.look(step.used)
		if bound != step.bound || b.IsFull() != step.full || b.Used() != step.used {
			t.Errorf("step %d, %d used: stored bound %d, full %v, used %d; want %d, %v", i, step.used, bound, b.IsFull(), b.Used(), step.bound, step.full)
		}
		if got := log.String(); (got == "") != (step.said == "") || !strings.Contains(got, step.said) {
			t.Errorf("step %d: said %q, want %q", i, got, step.said)
		}
	}
}

// TestAReadingGrowsWithWhatLives and with nothing else.
func TestAReadingGrowsWithWhatLives(t *testing.T) {
	const size = 64 << 20
	runtime.GC()
	before := read()
	held := make([]byte, size)
	runtime.GC()
	during := read()
	runtime.KeepAlive(held)
	runtime.GC()
	after := read()
	if grown := during.bytes - before.bytes; grown < size*3/4 || grown > size*5/4 {
		t.Errorf("it grew by %d bytes, want about %d", grown, size)
	}
	if after.bytes >= during.bytes-size/2 {
		t.Errorf("%d bytes once all is garbage, want far fewer than %d", after.bytes, during.bytes)
	}
	if before.collections >= during.collections {
		t.Errorf("%d collections and then %d, want more", before.collections, during.collections)
	}
}

func TestAllowanceIsTheSmallestLimitOfTheControlGroups(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	tests := []struct {
		name string
		root fstest.MapFS
		want int64
	}{
		{"no Linux", fstest.MapFS{}, 0},
		{"a container", fstest.MapFS{"proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("1000\n")}, 1000},
		{"no limit", fstest.MapFS{"proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("max\n")}, 0},
		{"a unit in a slice", fstest.MapFS{
			"proc/self/cgroup":                           file("0::/a.slice/b.service\n"),
			"sys/fs/cgroup/a.slice/b.service/memory.max": file("max\n"),
			"sys/fs/cgroup/a.slice/memory.max":           file("3000\n"),
		}, 3000},
		{"both", fstest.MapFS{
			"proc/self/cgroup":                           file("0::/a.slice/b.service\n"),
			"sys/fs/cgroup/a.slice/b.service/memory.max": file("2000\n"),
			"sys/fs/cgroup/a.slice/memory.max":           file("3000\n"),
		}, 2000},
		{"version 1", fstest.MapFS{"proc/self/cgroup": file("4:memory:/a\n"), "sys/fs/cgroup/memory.max": file("1000\n")}, 0},
	}
	for _, test := range tests {
		if got := groupLimit(test.root); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
}
