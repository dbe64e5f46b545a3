//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// footprint is the memory that a server and its descendants have at a moment, in bytes, and what it is
// made of. What the kernel holds for their sockets is in neither figure.
type footprint struct {
	PSS, RSS   int64 // pages that processes share count in part, or in each
	Goroutines int   // 0 where the server tells none
}

// footprintOf reads the memory of the process pid and of its descendants, and its goroutines from the
// metrics at the address admin, unless that is empty.
func footprintOf(ctx context.Context, pid int, admin string) (footprint, error) {
	var f footprint
	pids, err := processTree(pid)
	if err != nil {
		return f, err
	}
	for _, p := range pids {
		text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p), "smaps_rollup"))
		if err != nil {
			return f, fmt.Errorf("read memory: %w", err)
		}
		pss, err1 := kilobytes(string(text), "Pss")
		rss, err2 := kilobytes(string(text), "Rss")
		if err := errors.Join(err1, err2); err != nil {
			return f, err
		}
		f.PSS, f.RSS = f.PSS+pss, f.RSS+rss
	}
	if admin != "" {
		f.Goroutines, err = goroutinesAt(ctx, admin)
	}
	return f, err
}

// kilobytes finds the value of a line "name:   123 kB", in bytes.
func kilobytes(text, name string) (int64, error) {
	value, ok := strings.CutSuffix(field(text, name), " kB")
	n, err := strconv.ParseInt(value, 10, 64)
	if !ok || err != nil {
		return 0, fmt.Errorf("read memory: %s is %q", name, field(text, name))
	}
	return n << 10, nil
}

// goroutinesAt asks Pollard's admin listener.
func goroutinesAt(ctx context.Context, admin string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, fmt.Errorf("ask for goroutines: %w", err)
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "go_goroutines "); ok {
			return strconv.Atoi(value)
		}
	}
	return 0, errors.New("ask for goroutines: the metrics have no go_goroutines")
}
