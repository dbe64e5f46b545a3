package config

import (
	"fmt"
	"strings"
)

// source is where the values of a configuration were found.
type source struct {
	file  string
	lines map[string]int // by key, such as routes[2].interval; 0 is a flag, not the file

	isUnread bool // the file is empty or no YAML: that a key is not there says nothing
}

// line is that of key, or of the nearest key around it.
func (s source) line(key string) int {
	for key != "" {
		if n, isKnown := s.lines[key]; isKnown {
			return n
		}
		key = key[:max(0, strings.LastIndexAny(key, ".["))]
	}
	return 0
}

// has reports whether the file or a flag sets key.
func (s source) has(key string) bool {
	_, is := s.lines[key]
	return is
}

func (s source) problem(key, format string, args ...any) Problem {
	p := Problem{File: s.file, Line: s.line(key), Key: key, Message: fmt.Sprintf(format, args...)}
	if s.has(key) && p.Line == 0 {
		p.File = ""
	}
	return p
}

func (s source) warning(key, format string, args ...any) Problem {
	p := s.problem(key, format, args...)
	p.Warning = true
	return p
}
