package memory

import (
	"io/fs"
	"math"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// Allowance returns how many bytes this process may use: GOMEMLIMIT where that is set, else nine
// tenths of the smallest limit of its control groups (version 2), which Linux tells in files
// below root; 0 where there is neither.
func Allowance(root fs.FS) int64 {
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		return limit
	}
	return groupLimit(root) / 10 * 9
}

// groupLimit returns the smallest limit of the process's control group and those that it is in.
func groupLimit(root fs.FS) (limit int64) {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(groups)) {
		group, ok := strings.CutPrefix(strings.TrimSpace(line), "0::/")
		for ok {
			if n := limitOf(root, group); n > 0 && (limit == 0 || n < limit) {
				limit = n
			}
			ok = group != "" && group != "."
			group = path.Dir(group)
		}
	}
	return limit
}

// limitOf returns the limit of one control group; 0 where it has none.
func limitOf(root fs.FS, group string) int64 {
	text, err := fs.ReadFile(root, path.Join("sys/fs/cgroup", group, "memory.max"))
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0 // max
	}
	return n
}
