package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxValues bounds the work that aliases can cause: a few lines of them can name
// more values than there is memory.
const maxValues = 100_000

// decoder walks a YAML tree along the tables of keys, and gathers what is wrong.
type decoder struct {
	env      Environment
	source   source
	problems Problems
	isBad    map[string]bool // keys with a problem that is more than a warning
	values   int             // visited so far
	merging  int             // merge keys that are being followed, one inside the other
}

func newDecoder(file string, env Environment) *decoder {
	return &decoder{env: env, source: source{file: file, lines: map[string]int{}}, isBad: map[string]bool{}}
}

func (d *decoder) report(key, format string, args ...any) {
	d.isBad[key] = true
	d.problems = append(d.problems, d.source.problem(key, format, args...))
}

func (d *decoder) warn(key, format string, args ...any) {
	d.problems = append(d.problems, d.source.warning(key, format, args...))
}

// isSound reports whether the file sets all keys, and nothing is wrong with them
// so far: only then can they contradict one another.
func (d *decoder) isSound(keys ...string) bool {
	for _, key := range keys {
		if !d.source.has(key) || d.isBad[key] {
			return false
		}
	}
	return true
}

// section decodes a mapping whose keys are known.
func (d *decoder) section(n *yaml.Node, at string, keys []key) {
	for _, f := range d.fields(n, at) {
		where := d.mark(at, f)
		i := slices.IndexFunc(keys, func(k key) bool { return k.name == f.name })
		if i < 0 {
			d.report(where, "unknown key%s", elsewhere(f.name, at, keys))
			continue
		}
		keys[i].to.decode(d, f.value, where)
	}
}

// elsewhere is a hint for a key that does not belong where it is found.
func elsewhere(name, at string, keys []key) string {
	if hint := suggest(name, keyNames(keys)); hint != "" {
		return hint
	}
	isNamed := func(k key) bool { return k.name == name }
	top := (&Config{}).keys()
	if at != "" && slices.ContainsFunc(top, isNamed) {
		return "; it belongs to the top level"
	}
	if slices.ContainsFunc((&Route{}).keys(), isNamed) {
		return "; it belongs to a route"
	}
	for _, k := range top {
		if g, isGroup := k.to.(group); isGroup && slices.ContainsFunc(g.keys, isNamed) {
			return "; it belongs to " + k.name
		}
	}
	return ""
}

// mark records the line of a field and returns its key.
func (d *decoder) mark(at string, f field) string {
	where := join(at, f.name)
	d.source.lines[where] = f.line
	return where
}

// items returns the elements of a list and records their lines.
func (d *decoder) items(n *yaml.Node, at, example string) []*yaml.Node {
	n = resolve(n)
	if n.Kind != yaml.SequenceNode || n.Tag != "!!seq" {
		d.report(at, "want a list such as %s, found %s", example, found(n))
		return nil
	}
	for i, item := range n.Content {
		if !d.spend(at) {
			return n.Content[:i]
		}
		d.source.lines[element(at, i)] = item.Line
	}
	return n.Content
}

func element(at string, i int) string { return at + "[" + strconv.Itoa(i) + "]" }

// spend counts one value and reports whether there may be more.
func (d *decoder) spend(at string) bool {
	d.values++
	if d.values == maxValues {
		d.report(at, "holds more than %d values, those that aliases repeat counted each time", maxValues)
	}
	return d.values < maxValues
}

// read reads one scalar.
func read[T any](d *decoder, n *yaml.Node, at string, k kind[T]) (value T, ok bool) {
	n = resolve(n)
	if problem := misfit(n, k.form); problem != "" {
		d.report(at, "want %s, found %s", k.wanted(), problem)
		return value, false
	}
	text, err := expand(n.Value, d.env)
	if err != nil {
		d.report(at, "%v", err)
		return value, false
	}
	value, err = k.parse(text)
	if err != nil {
		d.report(at, "%s %v", shown(n.Value, k.hidden), err)
	}
	return value, err == nil
}

// shown is a value as the file has it, its variables not expanded, in quotes.
func shown(s string, hidden bool) string {
	const enough = 80
	switch {
	case hidden:
		return "the value"
	case len(s) > enough:
		return strconv.Quote(strings.ToValidUTF8(s[:enough], "")) + "…"
	}
	return strconv.Quote(s)
}

func resolve(n *yaml.Node) *yaml.Node {
	return cmp.Or(n.Alias, n)
}

// misfit says what n is, when that is no scalar of the given form.
func misfit(n *yaml.Node, want form) string {
	isString := n.Tag == "!!str"
	switch {
	case n.Kind != yaml.ScalarNode || n.Tag == "!!null" || !isString && !isBare(n):
		return found(n)
	case want == quoted && !isString:
		return found(n) + "; quotes make it a string"
	case want == bare && isString && n.Style != 0 && !strings.Contains(n.Value, "${"):
		return "a string; leave the quotes out"
	}
	return ""
}

// isBare reports whether n is a scalar of which YAML makes something else than
// a string.
func isBare(n *yaml.Node) bool {
	return slices.Contains([]string{"!!int", "!!float", "!!bool", "!!timestamp"}, n.Tag)
}

// found names what n is, for problems.
func found(n *yaml.Node) string {
	names := map[string]string{
		"!!str": "a string", "!!int": "a number", "!!float": "a number", "!!bool": "a boolean",
		"!!timestamp": "a date", "!!null": "nothing", "!!seq": "a list", "!!map": "keys and values",
	}
	return cmp.Or(names[n.Tag], "the tag "+shown(n.Tag, false))
}
