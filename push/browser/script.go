package browser

import (
	"embed"
	"fmt"
	"regexp"
	"slices"
)

//go:embed client/*.js
var sources embed.FS

// parts are the sources in the order in which they have to be run.
var parts = []string{
	"answer", "cable", "desk", "tabs", // what is said, and by whom
	"polled", "documents", // what is known
	"fetch", "play", "xhr", // what pages use
	"start",
}

// comments are what the sources say to those who read them, and indentation.
// What looks like one occurs in no string of the sources.
var comments = regexp.MustCompile(`(?s:/\*.*?\*/ ?)|(?m: //.*$|^ +)`)

var emptyLines = regexp.MustCompile(`\n\s+`)

// assemble returns the script: all parts in one function, so that none of their
// names is the page's, and without the comments.
func assemble() []byte {
	var code []byte
	for _, name := range parts {
		source, err := sources.ReadFile("client/" + name + ".js")
		if err != nil {
			panic(fmt.Sprintf("browser: %v", err)) // it is in the binary
		}
		code = append(code, comments.ReplaceAll(source, nil)...)
	}
	code = emptyLines.ReplaceAll(code, []byte("\n"))
	return slices.Concat([]byte("(()=>{'use strict';"), code, []byte("})();\n"))
}
