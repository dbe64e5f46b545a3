package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// warnOfParent says so where the parent process may keep termination signals to
// itself: then the process is killed in the end, and its clients with it. At a
// terminal, where interrupts reach everybody, it does not, unless the parent is
// the container's first process.
func warnOfParent(log *slog.Logger, stderr io.Writer) {
	pid := os.Getppid()
	if isTerminal(stderr) && pid != 1 {
		return
	}
	// Without /proc, or with a parent outside the PID namespace, there is nothing to tell.
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return
	}
	if fault := swallows(string(status)); fault != "" {
		log.Warn("my parent "+fault+": termination signals may not reach me; use exec", "parent", pid)
	}
}

// swallows says what about a process, whose /proc/PID/status this is, keeps
// SIGTERM from its children; "" if nothing is known to. One that catches it may
// well pass it on.
func swallows(status string) string {
	shells := []string{"sh", "ash", "bash", "busybox", "dash", "ksh", "zsh"}
	for line := range strings.Lines(status) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch name {
		case "Name":
			if slices.Contains(shells, value) {
				return "is a shell"
			}
		case "SigIgn":
			ignored, err := strconv.ParseUint(value, 16, 64)
			if err == nil && ignored&(1<<(syscall.SIGTERM-1)) != 0 {
				return "ignores SIGTERM"
			}
		}
	}
	return ""
}
