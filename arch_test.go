package pollard_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/pollard-proxy/pollard"

// An edge allows production code of the packages that match from to import those that
// match to. Patterns are those of matches.
type edge struct {
	from, to []string
	why      string
}

// Ours are the arrows between our packages: what is not here is forbidden. A package
// that is named here need not exist yet; one that exists must be named.
var ours = []edge{
	{from: []string{"."}, why: "the root holds the package comment and this test"},
	{from: []string{"etag", "rollout", "ledger"}, why: "leaves: each can be read, tested and trusted alone"},
	{from: []string{"rollout/observe", "rollout/guard"}, to: []string{"rollout", "etag"}, why: "figures in, evidence and verdicts out: no I/O, no clock, and the same from live traffic, a log or a simulation"},
	{from: []string{"rollout/advice"}, to: []string{"rollout", "rollout/observe", "etag"}, why: "conclusions from evidence, wherever that came from"},
	{from: []string{"rollout/ladder"}, to: []string{"rollout", "rollout/guard"}, why: "where each route stands, kept across restarts; it tells whoever runs the routes and knows nothing of them"},
	{from: []string{"rollout/ladder/redisladder"}, to: []string{"rollout/ladder"}, why: "an adapter between the ladders of a fleet and one technology; which word holds is the ladder's to say"},
	{from: []string{"dashboards"}, to: []string{"ledger"}, why: "what people look at shows metrics by the names that ledger gives them"},
	{from: []string{"dashboards/grafana/gen"}, why: "writes the files that Grafana imports; a test holds its metrics against the ledger's"},
	{from: []string{"dashboards/console"}, why: "a page and what it loads, embedded: it learns all else from the admin listener"},
	{from: []string{"coalescer"}, to: []string{"etag", "ledger"}, why: "feeds compare tags and count; who asks, over which protocol, must not matter to them"},
	{from: []string{"coalescer/memorystore"}, to: []string{"coalescer"}, why: "the fleet of one process: what instances share, without anything between them"},
	{from: []string{"coalescer/redisstore"}, to: []string{"coalescer", "etag"}, why: "an adapter between a feed and one technology; it knows no other"},
	{from: []string{"coalescer/changes"}, to: []string{"ledger"}, why: "whether what tells of changes is alive, by ledger's words; what it means for documents is told by whoever asks"},
	{from: []string{"coalescer/changes/redisnews"}, why: "an adapter that hears: what it is told of is said in strings, and what that means is for others"},
	{from: []string{"push"}, to: []string{"coalescer", "etag", "ledger"}, why: "watchers over feeds; the HTTP front resolves a URL for them through one method (push.Resolver)"},
	{from: []string{"push/actioncable", "push/browser"}, to: []string{"push", "coalescer", "etag", "ledger"}, why: "wire formats of push; they do not know each other"},
	{from: []string{"push/readiness"}, to: []string{"push"}, why: "an adapter between idle connections and one operating system"},
	{from: []string{"proxy/certificates"}, why: "dates in, words out: when certificates end, and those that connections were made with"},
	{from: []string{"proxy/frontdoor", "proxy/forward"}, to: []string{"proxy/certificates", "etag", "ledger"}, why: "the client's side and the upstream's side meet only in proxy, so that neither can take a decision for the other"},
	{from: []string{"proxy"}, to: []string{"proxy/frontdoor", "proxy/forward", "push", "coalescer", "coalescer/changes", "rollout", "rollout/observe", "rollout/guard", "etag", "ledger"}, why: "the HTTP front: the only place where all decisions about a request meet"},
	{from: []string{"proxy/admin"}, to: []string{"proxy", "coalescer", "rollout", "rollout/observe", "rollout/advice", "rollout/guard", "rollout/ladder", "etag", "ledger", "dashboards", "dashboards/console"}, why: "shows and moves what the proxy runs; the proxy works without it"},
	{from: []string{"config"}, to: []string{"proxy", "proxy/certificates", "proxy/frontdoor", "proxy/forward", "push", "coalescer", "rollout", "etag"}, why: "fills in the options that the other packages define; nothing but cmd knows that there is a file"},
	{from: []string{"cmd/..."}, to: []string{"..."}, why: "the edge: everything is wired here, and nowhere else"},
	{from: []string{"test/..."}, to: []string{"..."}, why: "tests of the whole may drive any part"},
}

// Theirs are the modules that we depend on: what is not here is forbidden. Here from
// are the only packages of ours that may import packages that match to.
var theirs = []edge{
	{from: []string{"ledger", "proxy/admin", "cmd/..."}, to: []string{"github.com/prometheus/..."}, why: "metrics have one owner; everything else says what happened, by ledger's words"},
	{from: []string{"push"}, to: []string{"github.com/wI2L/jsondiff"}, why: "patches are made where states are told"},
	{from: []string{"push/...", "cmd/pollard/demo/...", "test/..."}, to: []string{"github.com/gorilla/websocket"}, why: "feeds and forwarding know nothing of watchers' connections; tunnels carry bytes, not messages"},
	{from: []string{"config", "test/..."}, to: []string{"go.yaml.in/yaml/v3", "github.com/fsnotify/fsnotify"}, why: "configuration flows down as plain values"},
	{from: []string{"coalescer/redisstore", "rollout/ladder/redisladder", "coalescer/changes/redisnews", "test/..."}, to: []string{"github.com/redis/..."}, why: "Pollard works without Redis; what is stored there is behind coalescer.Store, and what is heard from there is a help"},
	{from: []string{"coalescer"}, to: []string{"github.com/hashicorp/golang-lru/v2/..."}, why: "what is remembered, and what is forgotten first, is decided in one place"},
	{from: []string{"cmd/..."}, to: []string{"github.com/spf13/cobra"}, why: "flags are the edge's; core packages take options"},
	{from: []string{"cmd/pollard/accesslog"}, to: []string{"github.com/cespare/xxhash/v2"}, why: "hashes of log lines that cost little and are the same in every run"},
	{from: []string{"..."}, to: []string{"golang.org/x/..."}, why: "maintained with Go itself"},
}

// A ban keeps production code of the packages that match in from importing what
// matches from the standard library.
type ban struct {
	in, from []string
	why      string
}

var bans = []ban{
	{in: []string{"rollout"}, from: []string{"net/...", "os", "time", "math/rand/..."}, why: "a rung is a pure function of policy and actor: the same on every instance, after every restart"},
	{in: []string{"rollout/observe", "rollout/advice"}, from: []string{"net/...", "os", "sync/atomic", "math/rand/..."}, why: "what is learnt and advised depends on what was seen alone, be it live or from a log"},
	{in: []string{"etag"}, from: []string{"net", "os", "io/...", "log/..."}, why: "validators are decided on bytes alone"},
	{in: []string{"etag", "rollout", "ledger", "coalescer/...", "push/...", "proxy/...", "config", "dashboards"}, from: []string{"flag", "os/signal"}, why: "flags and signals are the edge's: cmd hands down options and contexts"},
	{in: []string{".", "etag", "rollout", "ledger", "coalescer/...", "push/...", "proxy/...", "config", "dashboards", "cmd/..."}, from: []string{"testing/...", "net/http/httptest"}, why: "code that knows that it is being tested is not what runs in production, and both add flags to the binary"},
}

func TestImportsFollowTheArrows(t *testing.T) {
	for pkg, imports := range productionImports(t) {
		if !slices.ContainsFunc(ours, func(e edge) bool { return matchesAny(pkg, e.from) }) {
			t.Errorf("package %s has no place in the graph: give it a row in arch_test.go, with what it may import and why", pkg)
			continue
		}
		for _, imported := range imports {
			if lesson := objection(pkg, imported); lesson != "" {
				t.Errorf("%s must not import %s.\n\t%s", pkg, imported, lesson)
			}
		}
	}
}

// objection returns why pkg must not import what imported names, or "".
func objection(pkg, imported string) string {
	if name, ok := cutModule(imported); ok {
		return objectionToOurs(pkg, name)
	}
	if host, _, _ := strings.Cut(imported, "/"); strings.Contains(host, ".") {
		return objectionToTheirs(pkg, imported)
	}
	for _, b := range bans {
		if matchesAny(pkg, b.in) && matchesAny(imported, b.from) {
			return "Why: " + b.why + "."
		}
	}
	return ""
}

func objectionToOurs(pkg, name string) string {
	for _, e := range ours {
		if !matchesAny(pkg, e.from) {
			continue
		}
		if matchesAny(name, e.to) {
			return ""
		}
		return "Of ours it may import " + list(e.to) + ". Why: " + e.why + "."
	}
	return ""
}

func objectionToTheirs(pkg, imported string) string {
	for _, e := range theirs {
		if !matchesAny(imported, e.to) {
			continue
		}
		if matchesAny(pkg, e.from) {
			return ""
		}
		return "Only " + list(e.from) + " may. Why: " + e.why + "."
	}
	return "It is no dependency of ours yet: a new one needs a row in arch_test.go, with who may import it and why."
}

// productionImports returns what each of our packages imports outside its tests.
func productionImports(t *testing.T) map[string][]string {
	t.Helper()
	imports := make(map[string][]string)
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipUnbuilt(file, d.Name())
		}
		if filepath.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		pkg := path.Dir(filepath.ToSlash(file))
		imports[pkg] = append(imports[pkg], fileImports(t, file)...)
		return nil
	})
	if err != nil {
		t.Fatalf("walking the module: %v", err)
	}
	return imports
}

// skipUnbuilt passes over the folders that the go command passes over.
func skipUnbuilt(folder, name string) error {
	if folder == "." {
		return nil
	}
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules" {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func fileImports(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatalf("reading imports: %v", err)
	}
	var imports []string
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatalf("%s: import %s: %v", file, spec.Path.Value, err)
		}
		imports = append(imports, imported)
	}
	return imports
}

// cutModule returns the name within our module of what imported names, "." for its
// root.
func cutModule(imported string) (name string, ok bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

// matches reports whether a package's name is pattern, or, where pattern ends in
// "...", is below it, as the go command has it.
func matches(name, pattern string) bool {
	if pattern == "..." || name == pattern {
		return true
	}
	folder, ok := strings.CutSuffix(pattern, "/...")
	return ok && (name == folder || strings.HasPrefix(name, folder+"/"))
}

func matchesAny(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(name, pattern) })
}

func list(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// TestArrowsTeach holds the table itself: what it must refuse, and with which lesson.
func TestArrowsTeach(t *testing.T) {
	tests := []struct {
		pkg, imported string
		lesson        string // a part of it; "" if allowed
	}{
		{"proxy", module + "/coalescer", ""},
		{"proxy", module + "/proxy/forward", ""},
		{"cmd/pollard", module + "/config", ""},
		{"cmd/pollard/demo", "github.com/gorilla/websocket", ""},
		{"push/browser", "github.com/gorilla/websocket", ""},
		{"coalescer", "golang.org/x/sync/errgroup", ""},
		{"etag", "net/http", ""},
		{"test/e2e", "net/http/httptest", ""},
		{"etag", module + "/ledger", "leaves"},
		{"coalescer", module + "/push", "etag, ledger"},
		{"coalescer", module + "/coalescer/redisstore", "etag, ledger"},
		{"push", module + "/proxy", "push.Resolver"},
		{"proxy", module + "/config", "the HTTP front"},
		{"proxy/forward", module + "/proxy", "meet only in proxy"},
		{"proxy/frontdoor", module + "/proxy/forward", "meet only in proxy"},
		{"proxy", module, "the HTTP front"},
		{"coalescer", "github.com/prometheus/client_golang/prometheus", "one owner"},
		{"coalescer", "github.com/redis/go-redis/v9", "coalescer/redisstore"},
		{"coalescer", "gopkg.in/yaml.v3", "no dependency of ours"},
		{"proxy", "github.com/spf13/cobra", "cmd/..."},
		{"rollout", "net/http", "pure function"},
		{"rollout", "time", "pure function"},
		{"proxy/admin", "flag", "edge's"},
		{"coalescer", "testing", "in production"},
		{"cmd/pollard/demo", "net/http/httptest", "in production"},
	}
	for _, test := range tests {
		got := objection(test.pkg, test.imported)
		if (got == "") != (test.lesson == "") || !strings.Contains(got, test.lesson) {
			t.Errorf("%s imports %s: got lesson %q, want one with %q", test.pkg, test.imported, got, test.lesson)
		}
	}
}
