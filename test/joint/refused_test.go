package joint

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/test/redistest"
)

// Everything that uses Redis says it once, and pollard check before anything starts.
func TestARedisThatCannotBeUsedIsNamedWithTheWayOut(t *testing.T) {
	redis := redistest.Start(t, "--requirepass", "correct")
	open := redistest.Start(t)
	sentinel := redistest.StartSentinel(t, open)
	tests := []struct{ name, url, want string }{
		{"another password", "redis://:s3cr3t@" + redis.Addr, "refuses the user or the password of its URL"},
		{"another user", "redis://somebody:s3cr3t@" + redis.Addr, "refuses the user or the password of its URL"},
		{"no password", "redis://" + redis.Addr, "wants a password: write it into its URL"},
		{"TLS to a port without", "rediss://:s3cr3t@" + redis.Addr, "write redis:// instead of rediss://"},
		{"a primary that the Sentinels do not know", "redis+sentinel://" + sentinel.Addr + "/s3cr3t", `know no primary called \"s3cr3t\"`},
		{"a Sentinel that is none", "redis+sentinel://" + open.Addr + "/main", "is no Sentinel"},
		{"nobody", "redis://127.0.0.1:1", "nobody listens there"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			app := newApplication(t)
			i := serve(t, app, "redis: "+test.url, " news: [redis]")
			for _, who := range []string{"this instance asks for itself", "the rollout is this instance's alone", `"changes are not heard of from Redis" source=redis`, `"changes are not heard of from Redis" source=fleet`} {
				i.saysOnce(who, test.want)
			}
			i.shows("/metrics", "pollard_rollout_joined 0")
			if got := i.ask(http.MethodGet, i.front+"/g/p", ""); got != "{}" {
				t.Errorf("a poll got %s, want what upstream says", got)
			}
			if strings.Contains(i.program.Log.String(), "s3cr3t") && !strings.Contains(test.want, "s3cr3t") {
				t.Error("the log holds the password")
			}
			said := checkOnline(t, app, test.url)
			if want := strings.ReplaceAll(test.want, `\`, ""); !strings.Contains(said, "warning: redis: ") || !strings.Contains(said, want) {
				t.Errorf("pollard check --online said %q, want a warning with %q", said, want)
			}
		})
	}
}

// saysOnce waits for the line of the log that begins so, which is to hold why.
func (i *instance) saysOnce(begin, why string) {
	i.t.Helper()
	i.eventually(func() error {
		_, line, found := strings.Cut(i.program.Log.String(), begin)
		line, _, _ = strings.Cut(line, "\n")
		if !found || !strings.Contains(line, why) {
			return fmt.Errorf("of %q it says %q, not %q", begin, line, why)
		}
		return nil
	})
	if n := strings.Count(i.program.Log.String(), begin); n != 1 {
		i.t.Errorf("%q is said %d times", begin, n)
	}
}

// checkOnline returns what pollard check says of a usable configuration with this Redis.
func checkOnline(t *testing.T, a *application, redis string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pollard.yml")
	if err := os.WriteFile(file, fmt.Appendf(nil, "upstream: %s\nredis: %s\n", a.URL, redis), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(pollardPath, "check", "--online", file).CombinedOutput()
	if err != nil {
		t.Errorf("pollard check: %v, though Pollard does without Redis", err)
	}
	return string(out)
}

func TestWhatTellsOfNothingIsRefusedInWords(t *testing.T) {
	app := newApplication(t)
	i := serve(t, app, `webhooks: [{name: gitlab, token: swordfish-swordfish, touches: ["/g/{p}"]}, {name: github, hmac: swordfish-swordfish, touches: ["/g/{p}"]}]`)
	paths := func(n int) string { return `{"paths":["/g/p"` + strings.Repeat(`,"/g/p"`, n-1) + `]}` }
	tests := []struct{ name, at, header, body, want string }{
		{"another token", "webhook/gitlab", "X-Gitlab-Token: swordfish-swordfisH", `{"p":"p"}`, "401 the message has neither the token nor the signature"},
		{"another signature", "webhook/github", "X-Hub-Signature-256: sha256=00", `{"p":"p"}`, "401 the message has neither the token nor the signature"},
		{"a webhook that is not configured", "webhook/nosuch", "X-Gitlab-Token: swordfish-swordfish", `{"p":"p"}`, "404 no webhook of this name"},
		{"100,000 paths", "touch", "", paths(100_000), "413 100000 paths and 0 patterns: a touch takes at most 10000 paths"},
		{"paths of no route", "touch", "", `{"paths":["nowhere","/g/p"]}`, `202 {"touched":0,"no_route":1,"no_route_paths":["nowhere"]}`},
	}
	for _, test := range tests {
		if got := i.send("/api/v1/"+test.at, test.header, test.body, len(test.body)); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: got %.200q, want %q", test.name, got, test.want)
		}
	}
	// A byte more than is taken is all that is read of the 100 MB.
	long := strings.Repeat("x", 1<<20+1)
	for _, at := range []string{"webhook/gitlab", "webhook/github", "touch"} {
		if got := i.send("/api/v1/"+at, "", long, 100<<20); !strings.HasPrefix(got, "413 larger than 1048576 bytes; ") {
			t.Errorf("%s: got %.200q, want 413", at, got)
		}
	}
	i.shows("/livez", "ok")
}

// send posts what is the beginning of so many bytes, and returns the status and the body of the answer.
func (i *instance) send(path, header, body string, length int) string {
	i.t.Helper()
	host := strings.TrimPrefix(i.admin, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		i.t.Fatal(err)
	}
	defer conn.Close()
	if header != "" {
		header += "\r\n"
	}
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n%s\r\n%s", path, host, length, header, body)
	resp, broken := http.ReadResponse(bufio.NewReader(conn), nil)
	if err := errors.Join(err, broken); err != nil {
		i.t.Fatal(err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err != nil {
		i.t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, said)
}
