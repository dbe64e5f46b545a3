package protocol

import (
	"flag"
	"os"
	"testing"

	"github.com/pollard-proxy/pollard/test/program"
)

var update = flag.Bool("update", false, "write what was said into the document")

// pollardPath is where TestMain has built the program; read-only from then on.
var pollardPath string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(program.Main(m, &pollardPath))
}

func TestTheDocumentSaysWhatTheProgramSays(t *testing.T) {
	p, err := readPage()
	if err != nil {
		t.Fatal(err)
	}
	transcripts := make([][]string, len(p.examples))
	t.Run("examples", func(t *testing.T) {
		for i, e := range p.examples {
			transcripts[i] = e.lines
			t.Run(e.name, func(t *testing.T) {
				t.Parallel()
				got := newPlayer(t, p.config).play(e.lines)
				if differ(t, e, got) && *update {
					transcripts[i] = got
				}
			})
		}
	})
	if !*update {
		return
	}
	if err := p.write(transcripts); err != nil {
		t.Fatal(err)
	}
}

// differ reports whether an example is not what was said, but for what varies.
func differ(t *testing.T, e example, got []string) bool {
	t.Helper()
	for i := range max(len(got), len(e.lines)) {
		said, written := "nothing", "nothing"
		if i < len(got) {
			said = got[i]
		}
		if i < len(e.lines) {
			written = e.lines[i]
		}
		if lasting(said) == lasting(written) {
			continue
		}
		if !*update {
			t.Errorf("line %d of the document: got %q, want %q", e.at+i+1, said, written)
		}
		return true
	}
	return false
}
