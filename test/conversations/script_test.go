package conversations

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A step is one line of a script, with the block below it.
type step struct {
	line  int
	words []string
	block []string // without indentation
}

// indent is what sets a block off.
const indent = "  "

// parseScript splits a script into its steps.
func parseScript(script string) ([]step, error) {
	var steps []step
	empty := 0 // lines seen since the last one of a block
	for i, line := range strings.Split(script, "\n") {
		text, inBlock := strings.CutPrefix(line, indent)
		switch {
		case strings.TrimSpace(line) == "":
			empty++
			continue
		case inBlock && len(steps) == 0:
			return nil, fmt.Errorf("line %d: a block without a step", i+1)
		case inBlock:
			last := &steps[len(steps)-1]
			if last.block != nil || empty > 0 {
				last.block = append(last.block, make([]string, empty)...)
			}
			last.block = append(last.block, text)
		case !strings.HasPrefix(line, "#"):
			words, err := splitWords(line)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			steps = append(steps, step{line: i + 1, words: words})
		}
		empty = 0
	}
	return steps, nil
}

// splitWords splits at spaces, and takes a Go string for one word.
func splitWords(line string) ([]string, error) {
	var words []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimLeft(line, " ") {
		if line[0] != '"' {
			word, rest, _ := strings.Cut(line, " ")
			words, line = append(words, word), rest
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return nil, fmt.Errorf("string in %s: %w", line, err)
		}
		word, _ := strconv.Unquote(quoted) // it has just been found to be one
		words, line = append(words, word), line[len(quoted):]
	}
	return words, nil
}

// word returns the i-th word, "" if there is none.
func (s step) word(i int) string {
	if i < len(s.words) {
		return s.words[i]
	}
	return ""
}

// expand replaces variables in words and block.
func (s step) expand(variables *strings.Replacer) step {
	replace := func(from []string) []string {
		if from == nil {
			return nil
		}
		to := make([]string, len(from))
		for i, text := range from {
			to[i] = variables.Replace(text)
		}
		return to
	}
	s.words, s.block = replace(s.words), replace(s.block)
	return s
}

// raw returns a raw block's bytes.
func (s step) raw() (string, error) {
	var b strings.Builder
	for _, line := range s.block {
		text, open := strings.CutSuffix(line, `\`)
		bytes, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
		if err != nil {
			return "", fmt.Errorf("escapes in %s: %w", line, err)
		}
		b.WriteString(bytes)
		if !open {
			b.WriteString("\r\n")
		}
	}
	if !slices.Contains(s.block, "") && !strings.Contains(b.String(), "\r\n\r\n") {
		b.WriteString("\r\n")
	}
	return b.String(), nil
}

// names expands c1..c3 to c1, c2, c3.
func names(word string) ([]string, error) {
	from, to, isRange := strings.Cut(word, "..")
	if !isRange {
		return []string{word}, nil
	}
	prefix := strings.TrimRight(from, "0123456789")
	first, err := strconv.Atoi(from[len(prefix):])
	if err != nil {
		return nil, fmt.Errorf("%s: want a range such as c1..c9", word)
	}
	last, err := strconv.Atoi(strings.TrimPrefix(to, prefix))
	if err != nil || last < first {
		return nil, fmt.Errorf("%s: want a range such as c1..c9", word)
	}
	var all []string
	for i := first; i <= last; i++ {
		all = append(all, prefix+strconv.Itoa(i))
	}
	return all, nil
}
