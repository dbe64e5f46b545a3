package config

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/pollard-proxy/pollard/proxy"
)

// referenceWidth is the column at which the reference breaks its prose.
const referenceWidth = 100

// Reference writes a YAML file with every key, its type, bounds, default and
// meaning. It is a configuration as it stands, and another when the "#" before
// each key is removed. The error is that of writing.
func Reference(w io.Writer) error {
	p := &referencePrinter{w: bufio.NewWriter(w)}
	p.comment("", `Pollard's configuration: every key, with what it does, its type, bounds and default. `+
		`A line such as "#listen: …" shows a key at its default, or at an example; remove the # to set it. `+
		"${NAME} in a value takes an environment variable; $${ is a literal ${.")
	p.keys("", (&Config{}).keys())
	p.knownHeaders()
	return p.w.Flush()
}

// referencePrinter leaves errors to the buffered writer, which keeps the first.
type referencePrinter struct {
	w *bufio.Writer
}

// keys prints the keys of a section.
func (p *referencePrinter) keys(indent string, keys []key) {
	for _, k := range keys {
		if indent == "" {
			fmt.Fprintln(p.w)
		}
		p.comment(indent, k.doc)
		if note := k.note(); note != "" {
			p.comment(indent, note)
		}
		p.setting(indent, k)
	}
}

func (p *referencePrinter) setting(indent string, k key) {
	mark := "#"
	if k.required {
		mark = ""
	}
	switch to := k.to.(type) {
	case group:
		fmt.Fprintf(p.w, "%s%s%s:\n", indent, mark, k.name)
		p.keys(indent+"  ", to.keys)
	case sections:
		fmt.Fprintf(p.w, "%s%s%s:\n", indent, mark, k.name)
		p.element(indent+"  ", mark, to.each())
	default:
		fmt.Fprintf(p.w, "%s%s%s: %s\n", indent, mark, k.name, k.shownAs())
	}
}

// element prints one element of a list; its first key, which is required, begins
// it.
func (p *referencePrinter) element(indent, mark string, keys []key) {
	first := keys[0]
	p.comment(indent, first.doc)
	p.comment(indent, first.note())
	fmt.Fprintf(p.w, "%s%s- %s: %s\n", indent, mark, first.name, first.shownAs())
	p.keys(indent+"  ", keys[1:])
}

// knownHeaders lists the request headers that no route needs to declare.
func (p *referencePrinter) knownHeaders() {
	harmless, variant, credential := proxy.Fields()
	fmt.Fprintln(p.w)
	p.comment("", "Request headers that are known to be harmless: "+strings.Join(harmless, ", ")+
		", and Sec-* but Sec-WebSocket-*.")
	p.comment("", "Known to select the representation: "+strings.Join(variant, ", ")+
		", and Origin where it is foreign.")
	p.comment("", "Known to carry a credential: "+strings.Join(credential, ", ")+
		", and every other X-Forwarded-*.")
}

// comment breaks text into lines that begin with "# ", which no key does.
func (p *referencePrinter) comment(indent, text string) {
	line := indent + "#"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > referenceWidth {
			fmt.Fprintln(p.w, line)
			line = indent + "#"
		}
		line += " " + word
	}
	fmt.Fprintln(p.w, line)
}

// shownAs is the value that the reference gives k, as YAML.
func (k key) shownAs() string {
	return cmp.Or(k.def, k.example, k.to.describe().example)
}

// fallback says what holds where k is not set, as Markdown that reads as text too.
func (k key) fallback() string {
	if k.def != "" {
		return "`" + k.def + "`"
	}
	return k.otherwise
}

// note is the type, bounds and default of a key that is no section.
func (k key) note() string {
	about := k.to.describe()
	if about.example == "" {
		return ""
	}
	note := "Type: " + about.kind
	if about.bounds != "" {
		note += " (" + about.bounds + ")"
	}
	return note + ". Default: " + strings.Trim(k.fallback(), "`") + "."
}
