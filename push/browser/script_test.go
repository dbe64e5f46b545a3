package browser

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestEverySourceIsPartOfTheScript(t *testing.T) {
	entries, err := sources.ReadDir("client")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".js"))
	}
	want := slices.Sorted(slices.Values(parts))
	if !slices.Equal(names, want) {
		t.Errorf("sources %v, want the parts %v", names, want)
	}
}

func TestCommentsAndIndentationStayAtHome(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"/** What it is. */\nconst a = 1; // reason\n", "\nconst a = 1;\n"},
		{"  /**\n   * @param {number} b\n   */\n  f(/** @type {any} */ (b));\n", "\nf((b));\n"},
		{"const re = /[/+]json\\b/, url = 'ws://x';\n", "const re = /[/+]json\\b/, url = 'ws://x';\n"},
	} {
		if got := string(comments.ReplaceAll([]byte(c.source), nil)); got != c.want {
			t.Errorf("%q becomes %q, want %q", c.source, got, c.want)
		}
	}
	if script := assemble(); bytes.Contains(script, []byte("@param")) || bytes.Contains(script, []byte("\n\n")) {
		t.Error("the script has comments or empty lines in it")
	}
}

// A page waits for the script before it goes on.
func TestScriptIsSmall(t *testing.T) {
	const limit = 8 << 10
	if got := len(compress(assemble())); got > limit {
		t.Errorf("the script has %d bytes compressed, want at most %d", got, limit)
	} else {
		t.Logf("%d bytes, %d compressed", len(assemble()), got)
	}
}
