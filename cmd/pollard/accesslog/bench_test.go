package accesslog

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/rollout/observe"
)

// benchmarked are lines whose client and path are varied.
var benchmarked = []struct{ format, line string }{
	{"combined", nginxLine},
	{"caddy", strings.Replace(caddyLine, "/status", "/g/p/-/issues/1/realtime_changes", 1)},
	{"traefik", strings.Replace(traefikLine, "/status", "/g/p/-/issues/1/realtime_changes", 1)},
	{"gitlab", strings.Replace(gitlabLine, "merge_requests", "issues/1/realtime_changes", 1)},
	{"json", strings.Replace(customLine, "/status", "/g/p/-/issues/1/realtime_changes", 1)},
}

// manyLines repeats a line for 500 clients on 100 documents.
func manyLines(line string, size int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < size; i++ {
		l := strings.ReplaceAll(line, "198.51.100.7", fmt.Sprintf("198.51.%d.%d", i%5, i%100))
		b.WriteString(strings.Replace(l, "issues/1/", fmt.Sprintf("issues/%d/", i%100), 1))
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// BenchmarkParse is what one core makes of lines that are in memory.
func BenchmarkParse(b *testing.B) {
	for _, test := range benchmarked {
		b.Run(test.format, func(b *testing.B) {
			text := manyLines(test.line, blockBytes)
			batch := batch{parser: testFormat(b, test.format).newParser(), text: text}
			names := &interner{}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				batch.parse(names, period{})
			}
			if batch.counts.Requests != batch.counts.Lines {
				b.Fatalf("got %+v, want nothing but requests", batch.counts)
			}
		})
	}
}

// BenchmarkEach is the whole way from a file to sightings in order, on all cores.
func BenchmarkEach(b *testing.B) {
	for _, test := range benchmarked {
		b.Run(test.format, func(b *testing.B) {
			text := manyLines(test.line, 32<<20)
			name := filepath.Join(b.TempDir(), "access.log")
			if err := os.WriteFile(name, text, 0o600); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				logs, err := Open(b.Context(), []string{name}, Options{Format: testFormat(b, test.format)})
				if err != nil {
					b.Fatal(err)
				}
				if err := logs.Each(b.Context(), func(*observe.Sighting) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestLinesCostNoAllocation(t *testing.T) {
	for _, test := range benchmarked {
		text := manyLines(test.line, 64<<10)
		batch := batch{parser: testFormat(t, test.format).newParser(), text: text}
		names := &interner{}
		if n := testing.AllocsPerRun(10, func() { batch.parse(names, period{}) }); n != 0 {
			t.Errorf("%s: got %v allocations in %d lines, want none", test.format, n, batch.counts.Lines)
		}
	}
}
