package dashboards

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// A rule is a recording rule or an alert.
type rule struct {
	Record, Alert, Expr string
	Labels, Annotations map[string]string
}

// rules returns every rule of every file.
func rules(t *testing.T) []rule {
	t.Helper()
	var all []rule
	for _, file := range files(t, rulesFolder, "*.yml") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var groups struct{ Groups []struct{ Rules []rule } }
		if err := yaml.Unmarshal(content, &groups); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, g := range groups.Groups {
			all = append(all, g.Rules...)
		}
	}
	return all
}

// files returns those of a folder that match; there must be some.
func files(t *testing.T, folder, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil || len(found) == 0 {
		t.Fatalf("%s in %s: got %d files, %v", pattern, folder, len(found), err)
	}
	return found
}

func TestRulesAreRules(t *testing.T) {
	out, err := exec.Command(installed(t, "promtool"), append([]string{"check", "rules", "--lint=all", "--lint-fatal"}, files(t, rulesFolder, "*.yml")...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestAlertsFireAndResolve(t *testing.T) {
	t.Parallel()
	promtool := installed(t, "promtool")
	for _, file := range files(t, rulesFolder, "tests/*.yml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			if out, err := exec.Command(promtool, "test", "rules", file).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// What promtool's tests expect of alerts that fire looks like this.
var firing = regexp.MustCompile(`labels: '\{alertname="(\w+)"`)

func TestEveryAlertIsSeenToFire(t *testing.T) {
	seen := make(map[string]bool)
	for _, file := range files(t, rulesFolder, "tests/*.yml") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range firing.FindAllSubmatch(content, -1) {
			seen[string(found[1])] = true
		}
	}
	for _, r := range rules(t) {
		if r.Alert != "" && !seen[r.Alert] {
			t.Errorf("%s: no test sees it fire", r.Alert)
		}
	}
}

// What is caused, and a row of the document's table of causes, look like this.
var (
	caused    = regexp.MustCompile(`\bfire\(t, at, .+\)`)
	described = regexp.MustCompile(`(?m)^\| \*.+?\* \|`)
)

func TestEveryAlertIsCausedAndTheDocumentSaysHow(t *testing.T) {
	var causes []byte
	for _, file := range files(t, ".", "alerts*_test.go") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		causes = append(causes, bytes.Join(caused.FindAll(content, -1), nil)...)
	}
	document, err := os.ReadFile("../../docs/dashboards.md")
	if err != nil {
		t.Fatal(err)
	}
	table := bytes.Join(described.FindAll(document, -1), nil)
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		if !bytes.Contains(causes, []byte(`"`+r.Alert+`"`)) {
			t.Errorf("%s: no test causes it", r.Alert)
		}
		if !bytes.Contains(table, []byte("*"+strings.TrimPrefix(r.Alert, "Pollard")+"*")) {
			t.Errorf("%s: docs/dashboards.md does not say how it was caused", r.Alert)
		}
	}
}

func TestEveryAlertSaysWhatIsWrongAndWhereToReadOn(t *testing.T) {
	anchors := headings(t, "../../docs/runbook.md")
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		if s := r.Labels["severity"]; s != "page" && s != "ticket" {
			t.Errorf("%s: got severity %q, want page or ticket", r.Alert, s)
		}
		for _, name := range []string{"summary", "description"} {
			if !strings.HasSuffix(r.Annotations[name], ".") {
				t.Errorf("%s: the %s %q is no sentence", r.Alert, name, r.Annotations[name])
			}
		}
		page, anchor, _ := strings.Cut(r.Annotations["runbook_url"], "#")
		if !strings.HasSuffix(page, "/docs/runbook.md") || !anchors[anchor] {
			t.Errorf("%s: got the runbook %q#%q, want a heading of docs/runbook.md", r.Alert, page, anchor)
		}
	}
}

// headings returns the anchors of a document's headings, as GitHub makes them.
func headings(t *testing.T, file string) map[string]bool {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dropped := regexp.MustCompile("[^a-z0-9 _-]")
	anchors := make(map[string]bool)
	for line := range strings.Lines(string(content)) {
		if heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			anchors[strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), ""), " ", "-")] = true
		}
	}
	return anchors
}
