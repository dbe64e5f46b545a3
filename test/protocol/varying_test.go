package protocol

import (
	"regexp"
	"strings"
	"testing"
)

// varying is what differs from run to run: of each match the first group stands for all.
var varying = []*regexp.Regexp{
	regexp.MustCompile(`^(< Date: ).*$`),
	regexp.MustCompile(`^(< Age: )\d+$`),
	regexp.MustCompile(`^(< Retry-After: )\d+$`),
	regexp.MustCompile(`^(< retry: )\d+$`),
	regexp.MustCompile(`^(< Etag: )"[0-9a-f]{32}"$`), // of the script, which is another in each version
	regexp.MustCompile(`^(< Content-Length: )\d{4,}$`),
	regexp.MustCompile(`(ttl=)-?\d+`),
	regexp.MustCompile(`("after_ms":)\d+`),
	regexp.MustCompile(`("sid":)"\w+"`),
	regexp.MustCompile(`("type":"ping","message":)\d+`),
	epoch,
}

var epoch = regexp.MustCompile(`("epoch":)"(\w+)"`)

// lasting returns a line without what varies.
func lasting(line string) string {
	for _, v := range varying {
		line = v.ReplaceAllString(line, "$1…")
	}
	return line
}

// epochs are those of this run, by those of the document: a client says what it was told.
type epochs map[string]string

func (e epochs) learn(written, said string) {
	w, s := epoch.FindStringSubmatch(written), epoch.FindStringSubmatch(said)
	if w != nil && s != nil {
		e[w[2]] = s[2]
	}
}

func (e epochs) translate(line string) string {
	for written, said := range e {
		line = strings.ReplaceAll(line, `"`+written+`"`, `"`+said+`"`)
	}
	return line
}

func TestOnlyWhatVariesMayDiffer(t *testing.T) {
	tests := []struct {
		one, other string
		same       bool
	}{
		{`< close 1012 {"after_ms":0}`, `< close 1012 {"after_ms":250}`, true},
		{`< close 1012 {"after_ms":0}`, `< close 1013 {"after_ms":0}`, false},
		{`< Cache-Status: pollard; hit; ttl=1`, `< Cache-Status: pollard; hit; ttl=-3`, true},
		{`< Cache-Status: pollard; hit; ttl=1`, `< Cache-Status: pollard; fwd=miss`, false},
		{`< {"epoch":"a1","offset":1}`, `< {"epoch":"b2","offset":1}`, true},
		{`< {"epoch":"a1","offset":1}`, `< {"epoch":"a1","offset":2}`, false},
		{`< Etag: "1"`, `< Etag: "2"`, false},
		{`< Date: Mon`, `< Date: Tue`, true},
	}
	for _, test := range tests {
		if got := lasting(test.one) == lasting(test.other); got != test.same {
			t.Errorf("%s and %s are the same: got %v, want %v", test.one, test.other, got, test.same)
		}
	}
}
