package config

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// key is all there is to know about one key of the configuration: the one
// source of decoding, of the reference and of docs/config.md.
type key struct {
	name string
	to   value
	// def is the default as YAML. "" leaves the field zero.
	def string
	// otherwise says in words what holds without the key, where def cannot.
	otherwise string
	// example is YAML for the reference, where there is no def; "" takes the
	// example of the kind.
	example string
	// required keys stand uncommented in the reference.
	required bool
	// doc is one sentence, or two.
	doc string
}

// value is where the value of a key goes: into a field of a given kind.
type value interface {
	// decode sets the field to n or reports to d what is wrong with n.
	decode(d *decoder, n *yaml.Node, at string)
	describe() description
	// held is the field's value, for comparison.
	held() any
}

// description is what readers are told about a value.
type description struct {
	kind    string // "list of header names"
	bounds  string // "1ms to 24h"; "" where there are none
	example string // as YAML
}

// one is a single scalar.
type one[T any] struct {
	into *T
	kind kind[T]
}

func scalar[T any](into *T, k kind[T]) value { return one[T]{into, k} }

func (v one[T]) decode(d *decoder, n *yaml.Node, at string) {
	if x, ok := read(d, n, at, v.kind); ok {
		*v.into = x
	}
}

func (v one[T]) describe() description {
	return description{v.kind.name, v.kind.bounds, v.kind.example}
}

// many is a list of scalars. A lone scalar is a list of one where the contract
// allows it.
type many[T any] struct {
	into       *[]T
	kind       kind[T]
	acceptsOne bool
}

func list[T any](into *[]T, k kind[T]) value { return many[T]{into: into, kind: k} }

func oneOrMore[T any](into *[]T, k kind[T]) value { return many[T]{into, k, true} }

func (v many[T]) decode(d *decoder, n *yaml.Node, at string) {
	if v.acceptsOne && resolve(n).Kind == yaml.ScalarNode {
		if x, ok := read(d, n, at, v.kind); ok {
			*v.into = []T{x}
		}
		return
	}
	*v.into = nil
	for i, item := range d.items(n, at, v.describe().example) {
		// A bad element keeps its place: indices are those of the file.
		x, _ := read(d, item, element(at, i), v.kind)
		*v.into = append(*v.into, x)
	}
}

func (v many[T]) describe() description {
	name := "list of " + v.kind.plural()
	if v.acceptsOne {
		name = v.kind.name + " or " + name
	}
	return description{name, v.kind.bounds, "[" + v.kind.example + "]"}
}

// group is a mapping with keys of its own.
type group struct{ keys []key }

func section(keys []key) value { return group{keys} }

func (v group) decode(d *decoder, n *yaml.Node, at string) { d.section(n, at, v.keys) }

func (v group) describe() description { return description{kind: "section"} }

// sections is a list of mappings with keys of their own.
type sections interface {
	value
	each() []key
}

// routeList is the list of routes, in the order in which they are tried.
type routeList struct{ into *[]Route }

func (v routeList) decode(d *decoder, n *yaml.Node, at string) {
	*v.into = nil
	blank := newRoute()
	for i, item := range d.items(n, at, `- {name: …, path: …}`) {
		r := blank
		d.section(item, element(at, i), r.keys())
		r.derive()
		*v.into = append(*v.into, r)
	}
}

func (v routeList) describe() description { return description{kind: "list of routes"} }

func (v routeList) each() []key { return (&Route{}).keys() }

// fieldMap is a mapping of header names to values.
type fieldMap struct{ into *map[string]string }

func (v fieldMap) decode(d *decoder, n *yaml.Node, at string) {
	fields := map[string]string{}
	for _, f := range d.fields(n, at) {
		where := d.mark(at, f)
		name, err := header().parse(f.name)
		if err != nil {
			d.report(where, "%v", err)
			continue
		}
		if _, isTwice := fields[name]; isTwice {
			d.report(where, "duplicate: header names differ by more than capitals")
			continue
		}
		fields[name], _ = read(d, f.value, where, fieldValue())
	}
	*v.into = fields
}

func (v fieldMap) describe() description {
	return description{kind: "header names and values", example: `{X-Requested-With: "XMLHttpRequest"}`}
}

// fillDefaults sets every field that keys are bound to to its default. A default
// that its own key refuses is a mistake in the table.
func fillDefaults(keys []key) {
	for _, k := range keys {
		if g, isGroup := k.to.(group); isGroup {
			fillDefaults(g.keys)
		}
		if k.def == "" {
			continue
		}
		d := newDecoder("default of "+k.name, nil)
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(k.def), &doc); err != nil {
			panic(fmt.Sprintf("config: default of %s: %v", k.name, err))
		}
		k.to.decode(d, doc.Content[0], k.name)
		if len(d.problems) > 0 {
			panic("config: " + d.problems.Error())
		}
	}
}

// keyNames returns the names of keys.
func keyNames(keys []key) []string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	return names
}
