package push

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/pollard-proxy/pollard/coalescer"
)

func TestAStateIsMadeOnceForAllWhoAreToldIt(t *testing.T) {
	f := newFrames()
	s := &coalescer.Snapshot{Body: []byte("a body")}
	one, err := f.of(s).document()
	if err != nil {
		t.Fatalf("framing: %v", err)
	}
	two, err := f.of(s).document()
	if err != nil || one != two {
		t.Errorf("made twice, error %v", err)
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	for name, body := range map[string][]byte{"many": nil, "large": make([]byte, maxStateBytes/4), "too large": make([]byte, maxStateBytes+1)} {
		t.Run(name, func(t *testing.T) {
			f := newFrames()
			for range 3 * maxStates {
				f.of(&coalescer.Snapshot{Body: body})
			}
			bytes := 0
			for _, st := range f.states {
				bytes += len(st.snapshot.Body)
			}
			if len(f.states) > maxStates || len(f.states) > 1 && bytes > maxStateBytes || f.bytes != bytes {
				t.Errorf("%d states of %d bytes, counted as %d", len(f.states), bytes, f.bytes)
			}
		})
	}
}

func TestABodyIsToldWithoutItsContentCoding(t *testing.T) {
	tests := []struct {
		name, coding string
		body         []byte
		want         string
		fails        bool
	}{
		{"none", "", []byte("text"), "text", false},
		{"identity", "identity", []byte("text"), "text", false},
		{"gzip", "gzip", coded(gzipWriter, []byte("text")), "text", false},
		{"gzip, shouted", "GZIP", coded(gzipWriter, []byte("text")), "text", false},
		{"deflate", "deflate", coded(zlibWriter, []byte("text")), "text", false},
		{"brotli", "br", []byte("text"), "", true},
		{"two", "gzip, gzip", []byte("text"), "", true},
		{"cut short", "gzip", coded(gzipWriter, []byte("text"))[:20], "", true},
		{"a bomb", "gzip", coded(gzipWriter, make([]byte, maxInflated+1)), "", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &coalescer.Snapshot{Header: http.Header{}, Body: test.body}
			if test.coding != "" {
				s.Header.Set("Content-Encoding", test.coding)
			}
			got, err := plainBody(s)
			if string(got) != test.want || errors.Is(err, ErrUnpushable) != test.fails {
				t.Errorf("got %.20q, error %v; want %q, and an error: %v", got, err, test.want, test.fails)
			}
		})
	}
}

func gzipWriter(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }
func zlibWriter(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }

func coded(coder func(io.Writer) io.WriteCloser, body []byte) []byte {
	var b bytes.Buffer
	w := coder(&b)
	w.Write(body)
	w.Close()
	return b.Bytes()
}

func FuzzEventOf(f *testing.F) {
	for _, seed := range []string{"", "\r\n", "a\rb\nc", "data: x\n\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		event := eventOf("document", `"tag"`, body)
		if i := bytes.Index(event, []byte("\n\n")); i != len(event)-2 {
			t.Errorf("%q ends before its end", event)
		}
		if bytes.ContainsRune(event, '\r') {
			t.Errorf("%q has a line end that we did not write", event)
		}
	})
}
