package config

import (
	_ "embed"
	"io"
	"strings"
	"text/template"

	"github.com/pollard-proxy/pollard/proxy"
)

//go:embed document.md.tmpl
var documentTemplate string

// Document writes docs/config.md. The error is that of writing.
func Document(w io.Writer) error {
	functions := template.FuncMap{"cell": cell, "tick": tick, "ticks": ticks}
	t := template.Must(template.New("config.md").Funcs(functions).Parse(documentTemplate))
	harmless, variant, credential := proxy.Fields()
	return t.Execute(w, map[string]any{"Tables": documentTables(),
		"Harmless": harmless, "Variant": variant, "Credential": credential})
}

// documentTable is the table of one section.
type documentTable struct {
	Title string
	Doc   string
	Rows  []documentRow
}

// documentRow is one key, as Markdown.
type documentRow struct {
	Key, Type, Bounds, Default, Meaning string
}

// documentTables returns the top level, then its sections, then the route.
func documentTables() []documentTable {
	top := (&Config{}).keys()
	tables := []documentTable{{Title: "Top level", Doc: "Listeners, the upstream and what holds for all routes.", Rows: documentRows(top)}}
	for _, k := range top {
		switch to := k.to.(type) {
		case group:
			tables = append(tables, documentTable{"`" + k.name + "`", k.doc, documentRows(to.keys)})
		case sections:
			tables = append(tables, documentTable{"`" + k.name + "`", k.doc, documentRows(to.each())})
		}
	}
	return tables
}

func documentRows(keys []key) []documentRow {
	rows := make([]documentRow, len(keys))
	for i, k := range keys {
		about := k.to.describe()
		rows[i] = documentRow{k.name, about.kind, about.bounds, k.fallback(), k.doc}
	}
	return rows
}

func tick(s string) string { return "`" + s + "`" }

func ticks(list []string) string { return tick(strings.Join(list, "`, `")) }

// cell keeps Markdown from reading a * or | in prose as its own; what is between
// backquotes it leaves alone.
func cell(s string) string {
	if s == "" {
		return "–"
	}
	if strings.HasPrefix(s, "`") {
		return strings.ReplaceAll(s, "|", `\|`)
	}
	return strings.NewReplacer("*", `\*`, "|", `\|`, "_", `\_`).Replace(s)
}
