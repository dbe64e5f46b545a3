package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/rollout/advice"
	"github.com/pollard-proxy/pollard/rollout/observe"
)

// loggedPolls is a combined log in which viewers poll one issue every five
// seconds for ten minutes.
func loggedPolls(viewers int) string {
	var b strings.Builder
	start := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	for second := range 600 {
		for v := range viewers {
			if (second+v)%5 == 0 {
				at := start.Add(time.Duration(second) * time.Second).Format("02/Jan/2006:15:04:05 -0700")
				fmt.Fprintf(&b, "198.51.100.%d - - [%s] \"GET /g/p/-/issues/7/realtime_changes HTTP/1.1\" 304 0 \"-\" \"Firefox\"\n", v, at)
			}
		}
	}
	return b.String()
}

// predicted runs the command and returns what it said.
func predicted(t *testing.T, stdin io.Reader, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), environment{
		args: append([]string{"predict"}, args...), stdin: stdin, stdout: &out, stderr: &err, env: os.LookupEnv,
	})
	return code, out.String(), err.String()
}

func logFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "access.log")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestPredictFindsWhatIsPolledInALog(t *testing.T) {
	code, out, said := predicted(t, nil, logFile(t, loggedPolls(10)+"rubbish\n"))
	if code != exitOK || !strings.Contains(out, "/g/p/-/issues/*/realtime_changes") || !strings.Contains(out, "1,200") {
		t.Errorf("got code %d and\n%s\nwant advice on 1,200 polls of the issue", code, out)
	}
	if !strings.Contains(out, "COALESCED, IF SHARED:") {
		t.Errorf("got\n%s\nwant what sharing would save", out)
	}
	for _, want := range []string{"format combined", "1201 lines: 1200 GETs, 0 other, 1 malformed", `access.log:1201: malformed: "rubbish"`} {
		if !strings.Contains(said, want) {
			t.Errorf("got on standard error\n%s\nwant %q", said, want)
		}
	}
}

func TestPredictReadsCompressedStandardInput(t *testing.T) {
	var in bytes.Buffer
	z := gzip.NewWriter(&in)
	io.WriteString(z, loggedPolls(2))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	code, out, said := predicted(t, &in, "--route", "issue=/**/-/issues/*/realtime_changes", "--json", "-")
	var routes []struct {
		Route string `json:"route"`
		Polls int    `json:"polls"`
	}
	if err := json.Unmarshal([]byte(out), &routes); err != nil || len(routes) != 1 || routes[0].Route != "issue" || routes[0].Polls != 240 {
		t.Errorf("got code %d, error %v and\n%s\n%s\nwant 240 polls of the route issue", code, err, out, said)
	}
}

// Nothing can be saved of one tab that polls every two seconds: not by the five that a
// configuration file would mean by saying nothing.
func TestPredictAssumesNoIntervalThatClientsDoNotKeep(t *testing.T) {
	var log strings.Builder
	start := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	for poll := range 300 {
		at := start.Add(time.Duration(poll) * 2 * time.Second).Format("02/Jan/2006:15:04:05 -0700")
		fmt.Fprintf(&log, "198.51.100.1 - - [%s] \"GET /jobs/%d HTTP/1.1\" 200 7 \"-\" \"Firefox\"\n", at, poll/10)
	}
	_, out, said := predicted(t, nil, "--route", "job=/jobs/*", "--json", logFile(t, log.String()))
	var routes []advice.Advice
	if err := json.Unmarshal([]byte(out), &routes); err != nil || len(routes) != 1 || len(routes[0].Predictions) == 0 {
		t.Fatalf("got %v and\n%s%s\nwant predictions of one route", err, out, said)
	}
	if got := routes[0].Predictions[0]; got.Share != "nothing" || got.Reduction.Point != 0 {
		t.Errorf("got %+v, want nothing saved by sharing nothing", got)
	}
}

func TestPredictTakesTheRoutesOfAConfiguration(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pollard.yaml")
	config := "upstream: http://127.0.0.1:3000\nroutes:\n  - {name: of_file, path: \"/g/**\"}\n"
	if err := os.WriteFile(name, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, said := predicted(t, nil, "--config", name, logFile(t, loggedPolls(2))); code != exitOK || !strings.Contains(out, "of_file") {
		t.Errorf("got code %d and\n%s%s\nwant advice on the route of_file", code, out, said)
	}
}

func TestPredictSaysWhatIsWrong(t *testing.T) {
	polls := logFile(t, loggedPolls(1))
	tests := []struct {
		args []string
		code int
		want string
	}{
		{nil, exitUsage, "arg"},
		{[]string{"--format", "squid", polls}, exitUsage, "combined, caddy"},
		{[]string{"--format", "json", polls}, exitUsage, `"time"`},
		{[]string{"--format", "caddy", "--field", "time=ts", polls}, exitUsage, "--field"},
		{[]string{"--interval", "-1s", polls}, exitUsage, "negative"},
		{[]string{"--since", "yesterday", polls}, exitUsage, "since"},
		{[]string{"--route", "issue", polls}, exitUsage, "NAME=PATTERN"},
		{[]string{"--route", "Is sue=/a", polls}, exitUsage, "name"},
		{[]string{"--route", "a=/a", "--config", "x", polls}, exitUsage, "not both"},
		{[]string{"--format", "caddy", polls}, exitError, "120 of 120 lines are not in the format caddy"},
		{[]string{"--since", "2026-11-21", polls}, exitError, "no GET"},
		{[]string{filepath.Join(t.TempDir(), "none.log")}, exitError, "no such file"},
		{[]string{logFile(t, "a\nb\n")}, exitError, "--format names another"},
	}
	for _, test := range tests {
		code, out, said := predicted(t, nil, test.args...)
		if code != test.code || out != "" || !strings.Contains(said, test.want) {
			t.Errorf("%q: got code %d, %q and\n%s\nwant code %d and %q", test.args, code, out, said, test.code, test.want)
		}
	}
}

// TestWhatWasPolledEarlyIsNotForgotten has an hour of polls followed by more
// URLs than an observer can follow.
func TestWhatWasPolledEarlyIsNotForgotten(t *testing.T) {
	l, err := newLearner(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	const viewers, polls = 50, 720
	start := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	see := func(s observe.Sighting) {
		t.Helper()
		if err := l.saw(&s); err != nil {
			t.Fatal(err)
		}
	}
	for i := range polls {
		for v := range viewers {
			see(observe.Sighting{
				Time: start.Add(time.Duration(i*5000+v*100) * time.Millisecond), Path: fmt.Sprintf("/g/p%d/-/issues/%d/changes", v%5, v%5),
				Who: uint64(v + 1), Status: 304, Conditional: true,
			})
		}
	}
	for i := range 8 * adoptEvery {
		see(observe.Sighting{
			Time: start.Add(2*time.Hour + time.Duration(i)*time.Millisecond), Path: fmt.Sprintf("/blob/a%dz", i), Who: uint64(i), Status: 200,
		})
	}
	evidence := l.evidence()
	if len(evidence) != 1 || evidence[0].Route != "" || evidence[0].Pattern == "" || evidence[0].Example == "" {
		t.Fatalf("got %+v, want one pattern", evidence)
	}
	if got := evidence[0].Polls; got != viewers*polls {
		t.Errorf("got %d polls of %s, want %d", got, evidence[0].Pattern, viewers*polls)
	}
}
