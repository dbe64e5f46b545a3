package browser

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/js"
)

var update = flag.Bool("update", false, "make the script of its sources")

// parts are the sources. Start needs all that is before it; the rest is in the
// order, of those that were tried, that compresses best.
var parts = []string{
	"polled", "desk", "documents", "tabs", // what is known, and by whom
	"names", "cable", "answer", // what is said
	"play", "xhr", "fetch", // what pages use
	"start",
}

// origin is the first line of the script: which it is, and where it can be read.
const origin = "/* %x of push/browser/client, github.com/pollard-proxy/pollard */\n"

// assemble makes the script of its sources.
func assemble(t *testing.T) []byte {
	t.Helper()
	var code []byte
	for _, name := range parts {
		source, err := os.ReadFile("client/" + name + ".js")
		if err != nil {
			t.Fatal(err)
		}
		code = append(code, source...)
	}
	whole := slices.Concat([]byte("(()=>{'use strict';"), code, []byte("})()"))
	var small bytes.Buffer
	if err := js.Minify(minify.New(), &small, bytes.NewReader(whole), nil); err != nil {
		t.Fatalf("minifying the sources: %v", err)
	}
	version := sha256.Sum256(code)
	return slices.Concat(fmt.Appendf(nil, origin, version[:4]), small.Bytes(), []byte("\n"))
}

func TestScriptIsMadeOfItsSources(t *testing.T) {
	want := assemble(t)
	if *update {
		if err := os.WriteFile("client.min.js", want, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(script, want) {
		t.Error("client.min.js is not what its sources say: run go generate ./push/browser")
	}
}

func TestEverySourceIsPartOfTheScript(t *testing.T) {
	names, err := filepath.Glob("client/*.js")
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		names[i] = strings.TrimSuffix(filepath.Base(name), ".js")
	}
	if want := slices.Sorted(slices.Values(parts)); !slices.Equal(names, want) {
		t.Errorf("sources %v, want the parts %v", names, want)
	}
}

// A page waits for the script before it goes on.
func TestScriptIsSmall(t *testing.T) {
	const limit = 6400
	if got := len(compress(script)); got >= limit {
		t.Errorf("the script has %d bytes compressed, want less than %d", got, limit)
	} else {
		t.Logf("%d bytes, %d compressed", len(script), got)
	}
}
