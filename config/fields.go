package config

import (
	"strconv"

	"go.yaml.in/yaml/v3"
)

// maxMerges bounds how deep merge keys may lead into one another.
const maxMerges = 10

// field is one key of a mapping, and what stands there.
type field struct {
	name  string
	line  int
	value *yaml.Node
}

// fields returns the fields of a mapping, each name once. Those that a merge key
// (<<) brings in come last and give way to the mapping's own.
func (d *decoder) fields(n *yaml.Node, at string) []field {
	n = resolve(n)
	if n.Kind != yaml.MappingNode || n.Tag != "!!map" {
		d.report(at, "want keys and values, found %s", found(n))
		return nil
	}
	own, merge := d.split(n, at)
	if merge == nil {
		return own
	}
	isSet := map[string]bool{}
	for _, f := range own {
		isSet[f.name] = true
	}
	for _, f := range d.merged(merge, at) {
		if !isSet[f.name] {
			isSet[f.name] = true
			own = append(own, f)
		}
	}
	return own
}

// merged returns the fields that the value of a merge key brings in: those of a
// mapping, or of a list of mappings of which the first wins.
func (d *decoder) merged(n *yaml.Node, at string) []field {
	d.merging++
	defer func() { d.merging-- }()
	if d.merging > maxMerges && !d.isBad[at] {
		d.report(at, "merges what merges what merges, more than %d times over; a mapping may not merge itself", maxMerges)
	}
	if d.merging > maxMerges || !d.spend(at) {
		return nil
	}
	n = resolve(n)
	if n.Kind != yaml.SequenceNode {
		return d.fields(n, at)
	}
	var all []field
	for _, item := range n.Content {
		if resolve(item).Kind == yaml.SequenceNode {
			d.report(at, "the merge key << wants an alias or a list of aliases")
			continue
		}
		all = append(all, d.merged(item, at)...)
	}
	return all
}

// split separates the mapping's own fields from what it merges, and refuses keys
// that are given twice or are no text.
func (d *decoder) split(n *yaml.Node, at string) (own []field, merge *yaml.Node) {
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content) && d.spend(at); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		name := printable(k.Value)
		before, isTwice := lines[k.Value]
		switch {
		case k.Kind != yaml.ScalarNode || k.Tag == "!!null":
			d.reportLine(k.Line, at, "a key must be a plain word")
		case isTwice:
			d.reportLine(k.Line, join(at, name), "duplicate key; line "+strconv.Itoa(before)+" has it already")
		default:
			lines[k.Value] = k.Line
			if k.Tag == "!!merge" {
				merge = v
				continue
			}
			own = append(own, field{name, k.Line, v})
		}
	}
	return own, merge
}

// reportLine is report where the line is not that of the key.
func (d *decoder) reportLine(line int, key, message string) {
	d.isBad[key] = true
	d.problems = append(d.problems, Problem{File: d.source.file, Line: line, Key: key, Message: message})
}

// printable is a key as a problem shows it: on one line, and not without end.
func printable(name string) string {
	const enough = 64
	if len(name) > enough {
		name = name[:enough] + "…"
	}
	if q := strconv.Quote(name); q != `"`+name+`"` {
		return q
	}
	return name
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}
