package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDiffSaysWhatAReloadWouldDo(t *testing.T) {
	const old = `upstream: http://127.0.0.1:3000
secret: 0123456789abcdef
routes:
  - {name: notes, path: /notes, stage: push}
  - {name: todos, path: /todos, stage: push, percent: 50}
  - {name: gone, path: /gone, stage: push}
  - {name: jobs, path: /jobs, stage: coalesce}
`
	tests := map[string]struct {
		new  string
		want string
	}{
		"nothing":               {old, "a reload would change nothing\n"},
		"a route is gone":       {strings.Replace(old, "  - {name: gone, path: /gone, stage: push}\n", "", 1), "route gone: removed; its watchers poll\n"},
		"a route is new":        {old + "  - {name: more, path: /more}\n", "route more: added\n"},
		"a route falls":         {strings.Replace(old, "notes, stage: push", "notes, stage: coalesce", 1), "route notes: changed (stage); its watchers poll\n"},
		"fewer actors":          {strings.Replace(old, "percent: 50", "percent: 25", 1), "route todos: changed (percent); its watchers poll where they are not on the rung any more\n"},
		"another rule":          {strings.Replace(old, "notes, stage: push", "notes, stage: push, variant: [X-Theme]", 1), "route notes: changed (variant); its documents become others and are fetched anew; its watchers come back\n"},
		"a pace":                {strings.Replace(old, "notes, stage: push", "notes, stage: push, interval: 9s", 1), "route notes: changed (interval); its watchers go on\n"},
		"another order":         {strings.Replace(old, "  - {name: notes, path: /notes, stage: push}\n", "", 1) + "  - {name: notes, path: /notes, stage: push}\n", "routes: in another order; the first that matches wins\n"},
		"a setting":             {old + "drain: {spread: 9s}\n", "drain.spread: changed\n"},
		"what needs a restart":  {old + "listen: ':1'\n", "listen: takes effect after a restart: its port is bound at the start\n"},
		"another upstream":      {strings.Replace(old, ":3000", ":3001", 1), "upstream: changed\nconnections: upstream: all that are kept, each once its request is done; tunnels over TLS when their certificate ends\n"},
		"towards Redis":         {old + "redis_tls: {server_name: redis.test}\n", "redis_tls.server_name: changed\nconnections: redis: each within an hour\n"},
		"a secret is not shown": {strings.Replace(old, "0123456789abcdef", "fedcba9876543210", 1), "secret: takes effect after a restart: " + names + "\n"},
	}
	for name, test := range tests {
		code, stdout, stderr := call(t, "check", "--diff", written(t, old), written(t, test.new))
		if code != exitOK || stdout != test.want || stderr != "" {
			t.Errorf("%s: got %d, %q, %q; want %q", name, code, stdout, stderr, test.want)
		}
	}
}

func TestDiffFailsWhereAReloadWouldRefuse(t *testing.T) {
	const good = "upstream: http://127.0.0.1:3000\n"
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"one file":          {[]string{written(t, good)}, exitUsage, "needs two files"},
		"an unknown key":    {[]string{written(t, good), written(t, good+"nonsense: 1\n")}, exitError, "nonsense: unknown key"},
		"a missing file":    {[]string{written(t, good), "no-such-file.yml"}, exitError, "no-such-file.yml"},
		"no certificate":    {[]string{written(t, good), written(t, good+"tls: {certificate: /none, key: /none}\n")}, exitError, "tls.certificate"},
		"what was is wrong": {[]string{written(t, "nonsense: 1\n"), written(t, good)}, exitError, "nonsense: unknown key"},
	} {
		if code, _, stderr := call(t, append([]string{"check", "--diff"}, test.args...)...); code != test.code || !strings.Contains(stderr, test.want) {
			t.Errorf("%s: got %d, %q; want %d, %q", name, code, stderr, test.code, test.want)
		}
	}
}

// Pollard does without Redis: that it is away is no error of the configuration.
func TestCheckOnlineAsksRedis(t *testing.T) {
	file := written(t, "upstream: http://127.0.0.1:1\nredis: 'unix:///no/such/socket'\n")
	if code, stdout, stderr := call(t, "check", file); code != exitOK {
		t.Errorf("offline: got %d, %q, %q", code, stdout, stderr)
	}
	upstream := answering(t, 200, "")
	file = written(t, "upstream: "+upstream+"\nredis: 'unix:///no/such/socket'\n")
	if code, _, stderr := call(t, "check", "--online", file); code != exitOK || !strings.Contains(stderr, "warning: redis: redis /no/such/socket: nobody listens there") {
		t.Errorf("online: got %d, %q", code, stderr)
	}
}

// written returns the name of a file with a text.
func written(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pollard.yml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
