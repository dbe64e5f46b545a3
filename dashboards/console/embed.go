// Package console is the page that operators look at, as it is served. Its sources
// are in src, plain modules with types in their comments; `make console` makes
// what is in dist of them, the same bytes on every machine. Nothing of it is
// needed to build Pollard, and the page asks nobody but who served it.
package console

import "embed"

// The page and what it loads.
//
//go:embed dist/index.html dist/console.js dist/console.css dist/icon.svg
var files embed.FS

// Names of what there is, the page first.
const (
	Page   = "index.html"
	Script = "console.js"
	Style  = "console.css"
	Icon   = "icon.svg"
)

// File returns a file of those that have a name here; it panics for any other.
func File(name string) []byte {
	data, err := files.ReadFile("dist/" + name)
	if err != nil {
		panic(err) // they are embedded
	}
	return data
}
