package conversations

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/pollard-proxy/pollard/test/program"
)

// pollardPath is where TestMain has built the program; read-only from then on.
var pollardPath string

func TestMain(m *testing.M) {
	os.Exit(program.Main(m, &pollardPath))
}

// Each script's name is a claim about the program.
func TestConversations(t *testing.T) {
	eachScript(t, "testdata/*.txtar", func(t *testing.T, script *txtar.Archive) {
		if err := play(pollardPath, t.TempDir(), script); err != nil {
			t.Error(err)
		}
	})
}

// What a client sees of a hit is the same where the lane is switched off.
func TestConversationsOfHitsWithoutTheLane(t *testing.T) {
	eachScript(t, "testdata/*.txtar", func(t *testing.T, script *txtar.Archive) {
		if !strings.Contains(string(script.Comment), "pollard; hit") {
			return
		}
		for i, file := range script.Files {
			if strings.HasSuffix(file.Name, ".yml") {
				script.Files[i].Data = append([]byte("hit_lane: false\n"), file.Data...)
			}
		}
		if err := play(pollardPath, t.TempDir(), script); err != nil {
			t.Error(err)
		}
	})
}

// A suite that cannot fail proves nothing: each of these scripts claims something untrue, and must be found out.
func TestScriptsThatLieAreFoundOut(t *testing.T) {
	eachScript(t, "testdata/lies/*.txtar", func(t *testing.T, script *txtar.Archive) {
		var want string
		for _, file := range script.Files {
			if file.Name == "failure" {
				want = strings.TrimSpace(string(file.Data))
			}
		}
		err := play(pollardPath, t.TempDir(), script)
		if err == nil || want == "" || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a failure with %q", err, want)
		}
	})
}

func eachScript(t *testing.T, pattern string, test func(*testing.T, *txtar.Archive)) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: got %d scripts, %v", pattern, len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			test(t, script)
		})
	}
}
