package dashboards

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

// pollardPath is where TestMain has built the program; read-only from then on.
var pollardPath string

func TestMain(m *testing.M) {
	os.Exit(program.Main(m, &pollardPath))
}

// The folders that are tested.
const (
	rulesFolder   = "../../dashboards/prometheus"
	grafanaFolder = "../../dashboards/grafana"
)

// installed returns the path of a program that test/tools/setup installs. A test that
// needs one is left out where only short ones are run.
func installed(t *testing.T, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skipf("with -short nothing runs that needs %s", name)
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%v: test/tools/setup test installs it", err)
	}
	return path
}

// start runs a program until the test ends, and returns what it writes.
func start(t *testing.T, path string, args ...string) *program.Transcript {
	t.Helper()
	var said program.Transcript
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()                          // with whatever code: this test is about what it showed
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(path), &said)
		}
	})
	return &said
}

// demo runs the demo and returns the address of its admin listener.
func demo(t *testing.T) string {
	t.Helper()
	said := start(t, pollardPath, "demo", "--viewers", "80", "--seed", "1")
	console := regexp.MustCompile(`console +http://(\S+)/`)
	var found []string
	eventually(t, func() error {
		if found = console.FindStringSubmatch(said.String()); found == nil {
			return errors.New("the demo says no address")
		}
		return nil
	})
	return found[1]
}

// instance is a `pollard serve` that runs until the test ends.
type instance struct {
	t            *testing.T
	config       string // path
	said         *program.Transcript
	front, admin string // URLs
}

// serve starts the program with a configuration, which may say where its admin listener is.
func serve(t *testing.T, config string) *instance {
	t.Helper()
	p := &instance{t: t, config: filepath.Join(t.TempDir(), "pollard.yml")}
	p.configure(config)
	process, err := program.Start(exec.Command(pollardPath, "serve", "--config", p.config))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.Stop(t) })
	p.said, p.front, p.admin = process.Log, "http://"+process.Front, "http://"+process.Admin
	return p
}

// configure writes a configuration; one that runs reloads it.
func (p *instance) configure(config string) {
	p.t.Helper()
	content := "listen: 127.0.0.1:0\nlog: {polls: false}\n" + config
	if !strings.Contains(config, "\nadmin: ") {
		content = "admin: 127.0.0.1:0\n" + content
	}
	if err := os.WriteFile(p.config, []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// says waits until the log has a text so many times.
func (p *instance) says(text string, times int) {
	p.t.Helper()
	eventually(p.t, func() error {
		if n := strings.Count(p.said.String(), text); n < times {
			return fmt.Errorf("it says %q %d times, want %d", text, n, times)
		}
		return nil
	})
}

// command runs another command of the program and returns what it says.
func (p *instance) command(args ...string) []byte {
	p.t.Helper()
	out, err := exec.Command(pollardPath, append(args, "--admin", p.admin)...).Output()
	if err != nil {
		p.t.Fatalf("pollard %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// prometheus runs a Prometheus that scrapes an address every second, with our rules,
// and returns its URL.
func prometheus(t *testing.T, target string) string {
	t.Helper()
	return prometheusWith(t, rulesFolder, target)
}

// prometheusWith is prometheus, with the rules of a folder and any number of instances.
func prometheusWith(t *testing.T, folder string, targets ...string) string {
	t.Helper()
	path := installed(t, "prometheus")
	rules, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	content := fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%q]\n"+
		"scrape_configs:\n  - job_name: pollard\n    static_configs: [{targets: [%s], labels: {namespace: web}}]\n",
		filepath.Join(rules, "*.yml"), strings.Join(targets, ", "))
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	at := program.FreeAddress(t)
	start(t, path, "--config.file", file, "--storage.tsdb.path", t.TempDir(), "--web.listen-address", at, "--log.level", "warn")
	eventually(t, func() error { _, err := get("http://" + at + "/-/ready"); return err })
	return "http://" + at
}

// get returns the body of a 200.
func get(url string) ([]byte, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, resp.Status, body)
	}
	return body, err
}

// eventually tries until there is no error, for half a minute.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	if err := program.Until(30*time.Second, try); err != nil {
		t.Fatal(err)
	}
}
