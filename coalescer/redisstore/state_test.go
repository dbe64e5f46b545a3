package redisstore

import (
	"bytes"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// look is a reading in which Redis' clock showed a quarter of a second past an
// hour, at some moment of a tenth of a second.
func look() reading {
	before := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	return reading{before: before, after: before.Add(100 * time.Millisecond), redis: 3600_250_000}
}

func TestAgesThatAreWrittenDownAndReadAreNeverYounger(t *testing.T) {
	r := look()
	for _, asked := range []time.Time{r.before, r.after, r.after.Add(time.Nanosecond), r.after.Add(-time.Nanosecond), r.after.Add(time.Hour), r.before.Add(-time.Hour)} {
		got := r.local(r.remote(asked))
		if older := asked.Sub(got); older < 0 || older > r.after.Sub(r.before)+time.Microsecond {
			t.Errorf("%v is read as %v earlier, want 0 to the length of the look", asked, older)
		}
	}
}

func TestStatesAreReadAsTheyWereWritten(t *testing.T) {
	r := look()
	tests := []struct {
		name  string
		said  coalescer.Said
		bare  bool
		limit int
		want  coalescer.Said
	}{
		{"fields and body", coalescer.Said{Tag: `"a"`, Header: http.Header{"A": {"1", "2"}, "B": {""}}, Body: []byte("b")}, false, 1000,
			coalescer.Said{Tag: `"a"`, Header: http.Header{"A": {"1", "2"}, "B": {""}}, Body: []byte("b")}},
		{"a long body", coalescer.Said{Tag: `"a"`, Header: http.Header{}, Body: bytes.Repeat([]byte("ab"), 10_000)}, false, 1000,
			coalescer.Said{Tag: `"a"`, Header: http.Header{}, Body: bytes.Repeat([]byte("ab"), 10_000)}},
		{"while Redis is full", coalescer.Said{Tag: `"a"`, Header: http.Header{}, Body: []byte("b")}, true, 1000, coalescer.Said{Tag: `"a"`}},
		{"beyond the limit", coalescer.Said{Tag: `"a"`, Header: http.Header{"A": {strings.Repeat("xyz", 10)}}}, false, 70, coalescer.Said{Tag: `"a"`}},
		{"no tag", coalescer.Said{Header: http.Header{}, Body: []byte{}}, false, 1000, coalescer.Said{Header: http.Header{}, Body: []byte{}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.said.Asked, test.said.Proven = r.after, r.after.Add(-time.Minute)
			value := newEncoder(test.limit, &sealer{}).encode(&turn{token: 7, keep: time.Hour, granted: r}, &test.said, test.bare)
			if len(value) > test.limit {
				t.Errorf("got %d bytes, want at most %d", len(value), test.limit)
			}
			got, err := (&sealer{}).decode(coalescer.Name{}, string(value), r)
			if err != nil {
				t.Fatalf("decoding: %v", err)
			}
			test.want.Asked = r.before
			if test.want.Header != nil {
				test.want.Proven = r.before.Add(-time.Minute)
			}
			if !reflect.DeepEqual(got, &test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestAHeadSaysWhatTheScriptsRead(t *testing.T) {
	want := head{token: 1 << 50, asked: 2, proven: 3, until: 4, sum: [8]byte{5, 6}}
	value := string(want.append(nil))
	if len(value) != headBytes {
		t.Errorf("got %d bytes, want %d", len(value), headBytes)
	}
	if got, content, err := parseHead(value + "content"); got != want || content != "content" || err != nil {
		t.Errorf("got %+v, %q, %v, want %+v", got, content, err, want)
	}
	for _, foreign := range []string{"", value[:headBytes-1], "\x02" + value[1:]} {
		if _, _, err := parseHead(foreign); err == nil {
			t.Errorf("%q: got no error", foreign)
		}
	}
}

// What stands in Redis may be anybody's: whatever it is, reading it neither fails
// loudly nor takes much memory.
func FuzzStatesMayBeAnything(f *testing.F) {
	r := look()
	enc := newEncoder(1<<20, &sealer{})
	for _, said := range []coalescer.Said{
		{Tag: `"a"`},
		{Tag: `"a"`, Header: http.Header{"A": {"1", "2"}}, Body: []byte("body"), Proven: r.before},
		{Tag: `"a"`, Header: http.Header{"A": {"1"}}, Body: bytes.Repeat([]byte("body"), 1000), Proven: r.before},
	} {
		f.Add(enc.encode(&turn{granted: r}, &said, false))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		said, err := (&sealer{}).decode(coalescer.Name{}, string(value), r)
		if err != nil {
			return
		}
		again, err := (&sealer{}).decode(coalescer.Name{}, string(enc.encode(&turn{granted: r}, said, false)), r)
		if err != nil {
			t.Fatalf("what was read cannot be written and read: %v", err)
		}
		if !said.Proven.IsZero() && (again.Tag != said.Tag || !bytes.Equal(again.Body, said.Body) || len(again.Header) != len(said.Header)) {
			t.Errorf("got %+v, want %+v", again, said)
		}
	})
}
