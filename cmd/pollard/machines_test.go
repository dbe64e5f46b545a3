package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// answering is an admin listener that answers everything alike.
func answering(t *testing.T, status int, body string) (url string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestWithJSONACommandPrintsOneObjectWhateverComesOfIt(t *testing.T) {
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "pollard.yml")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	good := file("upstream: http://127.0.0.1:3000\nroutes: []\n")
	bad := file("upstream: http://127.0.0.1:3000\nroutes: []\nnonsense: 1\n")
	tests := []struct {
		args []string
		code int
		want string
	}{
		{[]string{"healthcheck", "--admin", answering(t, 200, "ready\n")}, exitOK, `"ready": true`},
		{[]string{"healthcheck", "--admin", answering(t, 503, "draining\n")}, exitError, `"reason": "/readyz: 503 Service Unavailable: draining"`},
		{[]string{"check", good}, exitOK, `"good": true`},
		{[]string{"check", bad}, exitError, `"line": 3`},
		{[]string{"check", "--diff", good, good}, exitOK, `"routes": []`},
		{[]string{"rollout", "kill", "--admin", answering(t, 200, `{"killed":true}`)}, exitOK, `{"killed":true}`},
		{[]string{"rollout", "set", "notes", "off", "--admin", answering(t, 200, `{"name":"notes"}`)}, exitOK, `{"name":"notes"}`},
		{[]string{"rollout", "log", "--admin", answering(t, 200, `[]`)}, exitOK, `[]`},
		{[]string{"explain", "/d", "--admin", answering(t, 200, `{"why":[]}`)}, exitOK, `{"why":[]}`},
	}
	for _, test := range tests {
		code, stdout, stderr := call(t, append(test.args, "--json")...)
		if code != test.code || !strings.Contains(stdout, test.want) || !json.Valid([]byte(stdout)) || stderr != "" {
			t.Errorf("%v: got %d, %q, %q; want %d, %q in valid JSON, and nothing else", test.args, code, stdout, stderr, test.code, test.want)
		}
	}
}

func TestExplainTellsPeopleWhyAndWhatHappened(t *testing.T) {
	at := answering(t, http.StatusOK, `{"url":"/d","route":"notes","pattern":"/*","stage":"push","percent":"25","share":"nothing","decision":"coalesce","reason":"at most one call per interval",
		"why":["Document 0123-45, 2s ago: upstream refused whoever asked (403)."],
		"documents":[{"document":"0123-45","events":[{"times":3,"cause":"watch","result":"refused","status":403},{"times":1,"cause":"touch","detail":"webhook"}]}]}`)
	code, stdout, stderr := call(t, "explain", "/d", "--admin", at)
	if code != exitOK || stderr != "" {
		t.Fatalf("got %d, %q", code, stderr)
	}
	for _, want := range []string{"route notes (/*, push 25%, share nothing): coalesce, because at most", "upstream refused whoever asked (403).", "watch  refused  403     -    -", "touch  -        -       -    webhook"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("got %s, want %q in it", stdout, want)
		}
	}
	if code, _, _ := call(t, "explain"); code != exitUsage {
		t.Errorf("without a URL: got %d, want %d", code, exitUsage)
	}
}
