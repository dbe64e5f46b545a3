package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the .want files and docs/config.md from what the code says now")

// testEnvironment is what the files in testdata may name.
func testEnvironment(name string) (string, bool) {
	value, isSet := map[string]string{
		"HOST": "10.0.0.1", "PORT": "3000", "SECRET": "0123456789abcdef", "BOOL": "true",
		"NUMBER": "1000", "NUMBER_25": "25", "HUNTER2": "hunter2", "HEADER": "Cookie",
		"PREFIXES": `10.0.0.0/8", "0.0.0.0/0`, "LISTEN_KEY": "listen",
	}[name]
	return value, isSet
}

// TestEveryProblemOfABadFileIsReported compares the problems of each
// testdata/NAME.bad.yml with testdata/NAME.want, a problem a line.
func TestEveryProblemOfABadFileIsReported(t *testing.T) {
	for _, file := range glob(t, "testdata/*.bad.yml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := Parse(filepath.Base(file), readTestFile(t, file), testEnvironment)
			if err == nil {
				t.Fatal("got no error")
			}
			got := err.Error() + "\n"
			if strings.Contains(got, "hunter2") {
				t.Errorf("got a secret in the problems:\n%s", got)
			}
			compare(t, strings.TrimSuffix(file, ".bad.yml")+".want", got)
		})
	}
}

// TestAGoodFileIsAccepted compares the warnings of each testdata/NAME.good.yml
// with testdata/NAME.want; without that file there are none.
func TestAGoodFileIsAccepted(t *testing.T) {
	for _, file := range glob(t, "testdata/*.good.yml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c, err := Parse(filepath.Base(file), readTestFile(t, file), testEnvironment)
			if err != nil {
				t.Fatalf("got problems:\n%v", err)
			}
			want := strings.TrimSuffix(file, ".good.yml") + ".want"
			if _, err := os.Stat(want); err == nil || len(c.Warnings) > 0 {
				compare(t, want, c.Warnings.Error()+"\n")
			}
		})
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("glob %s: %d files, %v", pattern, len(files), err)
	}
	return files
}

func readTestFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// compare compares got with the file called want, or makes it the file.
func compare(t *testing.T, want, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(want, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if expected := string(readTestFile(t, want)); got != expected {
		t.Errorf("got\n%swant (%s)\n%s", got, want, expected)
	}
}
