package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// call runs the program with arguments, and returns its exit code and what it wrote.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, problems bytes.Buffer
	none := func(string) (string, bool) { return "", false }
	code = run(t.Context(), environment{args: args, stdout: &out, stderr: &problems, env: none})
	return code, out.String(), problems.String()
}

// adminListener answers as one of an instance that started an hour ago.
func adminListener(t *testing.T) (url string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/routes", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[{"name":"issues","stage":"push","percent":100,"interval_ms":5000,"polls":900,"upstream":50,"avoided":100,"watchers":40,"reduction":0.95,"reduction_measured":0.944}]`)
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "process_start_time_seconds %d\n", time.Now().Add(-time.Hour).Unix())
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func TestReportsAndPlansAreForPeopleAndForMachines(t *testing.T) {
	at := adminListener(t)
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"report", "--admin", at}, "-95.0 %"},
		{[]string{"report", "--admin", at, "--json"}, `"per_24h": {`},
		{[]string{"plan", "--admin", at, "--over", "1ms"}, "40 open pages"},
		{[]string{"plan", "--polls", "10", "--json"}, `"connections": 42000`},
		{[]string{"routes", "--admin", at}, "95.00%"},
		{[]string{"completion", "bash"}, "bash completion"},
		{[]string{"completion", "zsh"}, "#compdef pollard"},
		{[]string{"completion", "fish"}, "fish completion"},
	}
	for _, test := range tests {
		code, stdout, stderr := call(t, test.args...)
		if code != exitOK || !strings.Contains(stdout, test.want) || strings.Contains(stdout, "\x1b") {
			t.Errorf("%v: got %d, %q, %q; want %q and no colours", test.args, code, stdout, stderr, test.want)
		}
	}
}

func TestAReportCanBeAPage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.html")
	if code, stdout, stderr := call(t, "report", "--admin", adminListener(t), "--html", file); code != exitOK || stdout != "" {
		t.Fatalf("got %d, %q, %q; want nothing but the file", code, stdout, stderr)
	}
	page, err := os.ReadFile(file)
	if err != nil || !bytes.HasPrefix(page, []byte("<!doctype html>")) {
		t.Errorf("got %.40q, %v; want a page", page, err)
	}
}

func TestReportsAndPlansThatMakeNoSenseAreUsageErrors(t *testing.T) {
	for _, args := range [][]string{
		{"report", "--since", "1h"},
		{"report", "--prometheus", "prometheus:9090"},
		{"report", "--html", "x.html", "--json"},
		{"report", "now"},
		{"plan", "--polls", "-1"},
		{"plan", "--polls", "1", "--share", "all"},
		{"plan", "--over", "0s"},
		{"routes", "--watch", "--json"},
	} {
		if code, stdout, stderr := call(t, args...); code != exitUsage || stdout != "" || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: got %d, %q, %q; want %d and one line", args, code, stdout, stderr, exitUsage)
		}
	}
}
