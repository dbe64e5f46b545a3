package config

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// document returns the root of the one YAML document that data is.
func (d *decoder) document(data []byte) *yaml.Node {
	if problem, at := unreadable(data); problem != "" {
		d.reportLine(at, "", problem)
		return nil
	}
	var first, second yaml.Node
	in := yaml.NewDecoder(bytes.NewReader(data))
	err := in.Decode(&first)
	switch {
	case errors.Is(err, io.EOF), err == nil && first.Content[0].Tag == "!!null" && first.Content[0].Value == "":
		d.reportLine(0, "", "is empty; want at least upstream and routes")
		return nil
	case err != nil:
		d.syntaxError(err, data)
		return nil
	case first.Content[0].Kind != yaml.MappingNode:
		d.reportLine(first.Content[0].Line, "", "want keys and values, found "+found(first.Content[0]))
		return nil
	}
	switch err := in.Decode(&second); {
	case err == nil:
		d.reportLine(second.Line, "", "a second document begins here; want one")
	case !errors.Is(err, io.EOF):
		d.syntaxError(err, data)
	}
	return first.Content[0]
}

// unreadable says why data is not text of a sensible length, and on which line.
func unreadable(data []byte) (problem string, line int) {
	if len(data) > maxFile {
		return "is larger than " + showSize(maxFile), 0
	}
	line = 1
	for i, width := 0, 0; i < len(data); i += width {
		var r rune
		switch r, width = utf8.DecodeRune(data[i:]); {
		case r == '\n':
			line++
		case r == utf8.RuneError && width == 1:
			return "is not UTF-8", line
		case unicode.IsControl(r) && r != '\t' && r != '\r':
			return "holds a control character", line
		}
	}
	return "", 0
}

// syntaxError reports what YAML itself refuses. An alias of nothing comes
// without a line, and its name is not repeated: it may be a password that begins
// with *.
func (d *decoder) syntaxError(err error, data []byte) {
	line, message := locate(err)
	if name, isAlias := strings.CutPrefix(message, "unknown anchor '"); isAlias {
		name, _, _ = strings.Cut(name, "'")
		before, _, _ := bytes.Cut(data, []byte("*"+name))
		line = 1 + bytes.Count(before, []byte("\n"))
		message = "an alias (*) of an anchor (&) that is not defined above; put quotes around a text that begins with *"
	}
	// What is missing at the end is missed on a line that is not there.
	line = min(line, 1+bytes.Count(bytes.TrimRight(data, "\n"), []byte("\n")))
	d.reportLine(line, "", "YAML: "+message+tabHint(data, line))
}

// locate takes a syntax error apart. The library counts lines from 1 in errors
// of its scanner, from 0 in those of its parser, and leaves out line 0.
func locate(err error) (line int, message string) {
	parts := regexp.MustCompile(`(?s)^(?:yaml: )?(?:line (\d+): )?(.*)$`).FindStringSubmatch(err.Error())
	line, _ = strconv.Atoi(parts[1])
	isParsers := regexp.MustCompile(`^(did not find expected (<|node|'-'|key|',')|found (undefined|duplicate|incompatible))`)
	if line == 0 || isParsers.MatchString(parts[2]) {
		line++
	}
	return line, parts[2]
}

// tabHint explains the most common of YAML's refusals.
func tabHint(data []byte, line int) string {
	text := bytes.Split(data, []byte("\n"))[line-1]
	if bytes.ContainsRune(text[:len(text)-len(bytes.TrimLeft(text, " \t"))], '\t') {
		return "; indent with spaces, not tabs"
	}
	return ""
}
