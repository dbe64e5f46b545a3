package accesslog

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/rollout/observe"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// lineAt is a line of the combined format, so many seconds after noon.
func lineAt(seconds int, path string) string {
	return fmt.Sprintf("192.0.2.1 - - [%s] \"GET %s HTTP/1.1\" 200 5 \"-\" \"b\"\n",
		noon.Add(time.Duration(seconds)*time.Second).Format("02/Jan/2006:15:04:05 -0700"), path)
}

func linesAt(path string, seconds ...int) string {
	var b strings.Builder
	for _, s := range seconds {
		b.WriteString(lineAt(s, path))
	}
	return b.String()
}

func file(t testing.TB, name string, content []byte) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func zipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// all reads logs and returns each sighting as its path and its second after
// noon.
func all(t *testing.T, o Options, names ...string) (seen []string, l *Logs) {
	t.Helper()
	l, err := Open(t.Context(), names, o)
	if err != nil {
		t.Fatal(err)
	}
	err = l.Each(t.Context(), func(s *observe.Sighting) error {
		seen = append(seen, fmt.Sprintf("%s@%v", s.Path, s.Time.Sub(noon).Seconds()))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return seen, l
}

func TestRotatedLogsAreReadInTheirOrder(t *testing.T) {
	got, _ := all(t, Options{},
		file(t, "access.log", []byte(linesAt("/c", 20, 21))),
		file(t, "access.log.1", []byte(linesAt("/b", 10, 11))),
		file(t, "access.log.2.gz", zipped(t, linesAt("/a", 1, 2))))
	if want := []string{"/a@1", "/a@2", "/b@10", "/b@11", "/c@20", "/c@21"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLogsOfSeveralServersAreMerged(t *testing.T) {
	got, _ := all(t, Options{},
		file(t, "one.log", []byte(linesAt("/a", 1, 5, 6, 9))),
		file(t, "two.log", []byte(linesAt("/b", 2, 3, 7, 10))),
		file(t, "three.log", []byte(linesAt("/c", 4))),
		file(t, "four.log", nil))
	want := []string{"/a@1", "/b@2", "/b@3", "/c@4", "/a@5", "/a@6", "/b@7", "/a@9", "/b@10"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLinesOutOfOrderAreKept(t *testing.T) {
	got, _ := all(t, Options{}, file(t, "access.log", []byte(linesAt("/a", 3, 1, 2))))
	if want := []string{"/a@3", "/a@1", "/a@2"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestStandardInputMayBeCompressedAndLackTheLastEnd(t *testing.T) {
	text := strings.TrimSuffix(linesAt("/a", 1, 2), "\n")
	for name, in := range map[string][]byte{"plain": []byte(text), "gzip": zipped(t, text)} {
		got, l := all(t, Options{Stdin: bytes.NewReader(in)}, "-")
		if want := []string{"/a@1", "/a@2"}; !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
		if _, ok := l.Size(); ok {
			t.Errorf("%s: got a size of a pipe", name)
		}
	}
}

func TestOnlyThePeriodAskedForIsSeen(t *testing.T) {
	o := Options{Since: noon.Add(2 * time.Second), Until: noon.Add(4 * time.Second)}
	got, l := all(t, o, file(t, "access.log", []byte(linesAt("/a", 1, 2, 3, 4, 5))))
	if want := []string{"/a@2", "/a@3"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if want := (Counts{Lines: 5, Requests: 2, Outside: 3}); l.Files()[0].Counts != want {
		t.Errorf("got %+v, want %+v", l.Files()[0].Counts, want)
	}
}

// TestBlocksCutNoLine reads a log of many blocks, whose lines have all lengths.
func TestBlocksCutNoLine(t *testing.T) {
	var b strings.Builder
	var want []string
	for i := 0; b.Len() < 3*blockBytes; i++ {
		path := fmt.Sprintf("/%d/%s", i, strings.Repeat("x", i%300))
		b.WriteString(lineAt(i, path))
		want = append(want, fmt.Sprintf("%s@%d", path, i))
	}
	for name, content := range map[string][]byte{"plain": []byte(b.String()), "gzip": zipped(t, b.String())} {
		got, l := all(t, Options{}, file(t, "access.log", content))
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %d lines, want %d, or they differ", name, len(got), len(want))
		}
		if size, _ := l.Size(); l.Consumed() != size || size != int64(len(content)) {
			t.Errorf("%s: consumed %d of %d bytes, want %d", name, l.Consumed(), size, len(content))
		}
	}
}

func TestTheFirstMalformedLinesAreShownWithTheirNumbers(t *testing.T) {
	text := linesAt("/a", 1, 2, 3, 4, 5, 6, 7) + "\nrubbish\n" + strings.Repeat("long", blockBytes) + "\n" + linesAt("/b", 8) + "more\nand more\n"
	got, l := all(t, Options{}, file(t, "access.log", []byte(text)))
	if len(got) != 8 {
		t.Errorf("got %d sightings, want 8", len(got))
	}
	f := l.Files()[0]
	if want := (Counts{Lines: 12, Requests: 8, Malformed: 4}); f.Counts != want {
		t.Errorf("got %+v, want %+v", f.Counts, want)
	}
	if len(f.Examples) != shown {
		t.Fatalf("got %d examples, want %d", len(f.Examples), shown)
	}
	for i, want := range []Malformed{{9, "rubbish"}, {10, strings.Repeat("long", shownBytes/4)}, {12, "more"}} {
		if f.Examples[i] != want {
			t.Errorf("got %+v, want %+v", f.Examples[i], want)
		}
	}
}

func TestALogOfAnotherFormatIsAnErrorThatNamesIt(t *testing.T) {
	caddy, err := FormatNamed("caddy")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 100_000} {
		l, err := Open(t.Context(), []string{file(t, "access.log", []byte(strings.Repeat(lineAt(1, "/a"), n)))}, Options{Format: caddy})
		if err != nil {
			t.Fatal(err)
		}
		var wrong *FormatError
		if err := l.Each(t.Context(), func(*observe.Sighting) error { return nil }); !errors.As(err, &wrong) || wrong.Format != "caddy" || wrong.Example.Line != 1 {
			t.Errorf("%d lines: got %v, want a FormatError for caddy", n, err)
		}
		if size, _ := l.Size(); n > enough && l.Consumed() == size {
			t.Errorf("all %d bytes were read first", size)
		}
	}
}

func TestWhatCannotBeReadIsAnError(t *testing.T) {
	whole := zipped(t, strings.Repeat(lineAt(1, "/a"), 50_000))
	tests := []struct {
		name, path, want string
	}{
		{"missing", filepath.Join(t.TempDir(), "no.log"), "no such file"},
		{"folder", t.TempDir(), "is a folder"},
		{"unknown", file(t, "x.log", []byte("a\nb\n")), "none of the known formats"},
		{"no gzip", file(t, "x.gz", []byte("\x1f\x8bnothing that gzip writes")), "gzip"},
		{"cut", file(t, "x.gz", whole[:len(whole)/2]), "unexpected EOF"},
	}
	for _, test := range tests {
		l, err := Open(t.Context(), []string{test.path}, Options{})
		if err == nil {
			err = l.Each(t.Context(), func(*observe.Sighting) error { return nil })
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want one with %q", test.name, err, test.want)
		}
	}
}

func TestCancellingEndsEachAndItsGoroutines(t *testing.T) {
	name := file(t, "access.log", []byte(strings.Repeat(lineAt(1, "/a"), 100_000)))
	synctest.Test(t, func(t *testing.T) { // which panics if any goroutine stays
		l, err := Open(t.Context(), []string{name, name}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if err := l.Each(ctx, func(*observe.Sighting) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
}

func TestCancellingEndsTheWaitForAPipe(t *testing.T) {
	in, out := io.Pipe()
	defer out.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, []string{"-"}, Options{Stdin: in}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// TestMemoryDoesNotGrowWithTheLogs reads many files, of which no two lines are
// alike.
func TestMemoryDoesNotGrowWithTheLogs(t *testing.T) {
	if testing.Short() {
		t.Skip("writes and reads 40 MB")
	}
	const files, linesEach = 16, 7_500
	names := make([]string, files)
	for i := range names {
		var b bytes.Buffer
		for j := range linesEach {
			b.WriteString(lineAt(i*linesEach+j, fmt.Sprintf("/%d/%d/%s", i, j, strings.Repeat("x", 300))))
		}
		names[i] = file(t, "access.log", b.Bytes())
	}
	l, err := Open(t.Context(), names, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var most uint64
	lines := 0
	err = l.Each(t.Context(), func(*observe.Sighting) error {
		if lines++; lines%10_000 == 0 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
		return nil
	})
	if err != nil || lines != files*linesEach {
		t.Fatalf("got %d lines and error %v, want %d", lines, err, files*linesEach)
	}
	if limit := uint64(24 << 20); most > limit {
		t.Errorf("%d bytes held while %d files were read, want at most %d", most, files, limit)
	}
}
