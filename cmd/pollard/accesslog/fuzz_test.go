package accesslog

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/pollard-proxy/pollard/rollout/observe"
)

// fuzzFormat holds what is true of every line: no panic, the same answer from a
// parser that has read others, and a sighting that has what makes it one.
func fuzzFormat(f *testing.F, format Format, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	used := format.newParser()
	names := &interner{}
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.IndexByte(line, '\n') >= 0 {
			t.Skip("lines are cut before they are parsed")
		}
		before := bytes.Clone(line)
		var fresh, again record
		v := format.newParser().parse(line, &fresh)
		if w := used.parse(line, &again); w != v {
			t.Fatalf("a fresh parser says %v, a used one %v", v, w)
		}
		if !bytes.Equal(line, before) {
			t.Fatalf("the line was changed to %q", line)
		}
		if v != get {
			return
		}
		var one, two observe.Sighting
		fresh.sighting(&one, &interner{})
		again.sighting(&two, names)
		if one.Path != two.Path || one.Query != two.Query || one.Who != two.Who || !one.Time.Equal(two.Time) {
			t.Errorf("a fresh parser sees %+v, a used one %+v", one, two)
		}
		if one.Path == "" || one.Path[0] != '/' || one.Time.IsZero() || one.Took < 0 || one.Bytes < 0 || one.Query != "" && one.Query[0] != '?' {
			t.Errorf("got a sighting %+v", one)
		}
	})
}

func FuzzCombined(f *testing.F) {
	format, _ := FormatNamed("combined")
	fuzzFormat(f, format, nginxLine, nginxMainLine, gitlabNginx, commonLine, vhostLine, traefikCommon, scannerLine, postLine)
}

func FuzzCaddy(f *testing.F) {
	format, _ := FormatNamed("caddy")
	fuzzFormat(f, format, caddyLine, caddyInfo)
}

func FuzzTraefik(f *testing.F) {
	format, _ := FormatNamed("traefik")
	fuzzFormat(f, format, traefikLine)
}

func FuzzGitLab(f *testing.F) {
	format, _ := FormatNamed("gitlab")
	fuzzFormat(f, format, gitlabLine, gitlabCached)
}

func FuzzMapped(f *testing.F) {
	format, err := Mapped(customFields)
	if err != nil {
		f.Fatal(err)
	}
	fuzzFormat(f, format, customLine)
}

// FuzzJSON compares with encoding/json: what it accepts, we walk to the end of,
// and read the same string from.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{caddyLine, gitlabLine, traefikLine, `{"host":"\ud83d\ude00\u0041\n\"\\\/","x":[{"y":[]},{}]}`, `{"host":"\ud83d"}`, ` { "host" : "a" , "b" : -1.5E+3 } `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var std struct {
			Host json.RawMessage `json:"host"`
		}
		if !utf8.Valid(line) || bytes.ContainsAny(line, "\n") || json.Unmarshal(line, &std) != nil || !bytes.HasPrefix(bytes.TrimLeft(line, " \t\r"), []byte("{")) {
			t.Skip("encoding/json is the judge only of what it accepts, and we take objects alone")
		}
		j := &jsonLines{members: []member{{name: "host", field: hostField}}}
		var r record
		if j.parse(line, &r) == malformed {
			t.Fatal("encoding/json reads it, we do not")
		}
		var want string
		if bytes.Count(bytes.ToLower(line), []byte("host")) != 1 || !bytes.Contains(line, []byte(`"host"`)) || json.Unmarshal(std.Host, &want) != nil {
			return
		}
		if string(std.Host) != "null" && string(r.host) != want && want != "null" {
			t.Errorf("got %q, encoding/json %q", r.host, want)
		}
	})
}
