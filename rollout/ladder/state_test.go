package ladder

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/rollout"
)

var at = Position{Stage: rollout.Coalesce, Percent: rollout.Everyone}

// open returns a ladder with one route, and its log.
func open(t *testing.T, dir string) (*Ladder, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	l := Open(Options{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err := l.Configure(map[string]Position{"one": at}, func(*State) error { return nil }); err != nil {
		t.Fatal(err)
	}
	return l, &log
}

// moved returns a folder in which the route was moved to 1, 2 and 3 %.
func moved(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	l, _ := open(t, dir)
	for _, p := range []rollout.Percent{1000, 2000, 3000} {
		if err := l.Move(Change{Route: "one", Percent: &p, Who: "alice"}); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestACorruptStateFileIsNamedAndItsCopyUsed(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join(moved(t), stateName))
	if err != nil {
		t.Fatal(err)
	}
	corrupt := map[string]string{
		"empty": "", "no JSON": "\x00\x01", "half": string(whole[:len(whole)/2]),
		"another version": strings.Replace(string(whole), `"version": 1`, `"version": 2`, 1),
		"another stage":   strings.Replace(string(whole), `"coalesce"`, `"colaesce"`, 1),
		"a list":          "[]", "null": "null", "twice": string(whole) + string(whole),
	}
	for name, content := range corrupt {
		for _, file := range []string{stateName, copyName} {
			dir := moved(t)
			write(t, dir, file, content)
			l, log := open(t, dir)
			if got := l.State().Position("one").Percent; got != 3000 {
				t.Errorf("%s %s: got %v %%, want 3", name, file, got)
			}
			if !strings.Contains(log.String(), filepath.Join(dir, file)) || !strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("%s %s: got no error that names it:\n%s", name, file, log)
			}
			if aside, err := os.ReadFile(filepath.Join(dir, file+badSuffix)); err != nil || string(aside) != content {
				t.Errorf("%s %s: it is not put aside: %q, %v", name, file, aside, err)
			}
		}
	}
}

func TestWithoutAGoodCopyEverythingStandsAsConfigured(t *testing.T) {
	dir := moved(t)
	write(t, dir, stateName, "{")
	write(t, dir, copyName, "{")
	l, log := open(t, dir)
	if got := l.State().Position("one"); got != at {
		t.Errorf("got %v, want as configured", got)
	}
	if !strings.Contains(log.String(), "no state file can be used") {
		t.Errorf("that is not said:\n%s", log)
	}
}

func TestTheNewerCopyWins(t *testing.T) {
	older, newer := moved(t), moved(t)
	l, _ := open(t, newer)
	p := rollout.Percent(4000)
	if err := l.Move(Change{Route: "one", Percent: &p}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{stateName, copyName} {
		old, err := os.ReadFile(filepath.Join(older, name))
		if err != nil {
			t.Fatal(err)
		}
		current, err := os.ReadFile(filepath.Join(newer, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, newer, name, string(old)) // the crash came between the two
		if l, _ := open(t, newer); l.State().Position("one").Percent != p {
			t.Errorf("%s is old: got %v, want 4 %%", name, l.State().Position("one"))
		}
		write(t, newer, name, string(current))
	}
}

func TestNothingIsLeftInTheFolderButWhatBelongsThere(t *testing.T) {
	found, err := os.ReadDir(moved(t))
	if err != nil || len(found) != 3 {
		t.Errorf("got %v, %v; want %s, %s and %s", found, err, stateName, copyName, auditName)
	}
}

func TestTheAuditLogSaysWhoMovedWhatFromWhereToWhereAndWhy(t *testing.T) {
	dir := moved(t)
	l, _ := open(t, dir)
	if err := l.Kill("bob", "why not"); err != nil {
		t.Fatal(err)
	}
	for name, l := range map[string]*Ladder{"at once": l, "after a restart": func() *Ladder { l, _ := open(t, dir); return l }()} {
		entries := l.Log("", 2)
		if len(entries) != 2 || entries[0].When.IsZero() {
			t.Fatalf("%s: got %v, want the newest two", name, entries)
		}
		entries[0].When, entries[1].When = entries[0].When.UTC(), entries[1].When.UTC()
		kill, move := entries[0], entries[1]
		if kill.Who != "bob" || kill.Why != "why not" || kill.Route != "" || kill.From != "running" || kill.To != "killed" {
			t.Errorf("%s: got %+v, want bob's kill", name, kill)
		}
		if move.Who != "alice" || move.Route != "one" || move.From != "coalesce 2%" || move.To != "coalesce 3%" {
			t.Errorf("%s: got %+v, want alice's move", name, move)
		}
		if got := l.Log("one", 100); len(got) != 3 {
			t.Errorf("%s: got %v, want the route's own three", name, got)
		}
	}
}

func TestALineThatBrokeOffSpoilsNoOther(t *testing.T) {
	dir := moved(t)
	path := filepath.Join(dir, auditName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, auditName, string(whole[:len(whole)-20]))
	l, _ := open(t, dir)
	if err := l.Kill("bob", ""); err != nil {
		t.Fatal(err)
	}
	l, _ = open(t, dir)
	if got := l.Log("", 100); len(got) != 3 || got[0].Who != "bob" {
		t.Errorf("got %v, want the two that are whole and bob's", got)
	}
}

func TestTheNewestThousandEntriesAreRemembered(t *testing.T) {
	var r ring
	for i := range 2500 {
		r.add(Entry{Who: fmt.Sprint(i)})
	}
	if got := r.newest("", 5000); len(got) != remembered || got[0].Who != "2499" || got[remembered-1].Who != "1500" {
		t.Errorf("got %d entries from %v to %v, want the newest thousand", len(got), got[0], got[len(got)-1])
	}
	if unwritten, count := r.since(2498); len(unwritten) != 2 || count != 2500 {
		t.Errorf("got %d entries of %d, want 2 of 2500", len(unwritten), count)
	}
	if unwritten, _ := r.since(3); len(unwritten) != remembered {
		t.Errorf("got %d entries, want those that are held", len(unwritten))
	}
}

// Whatever stands in a state file, it is refused or written again as it was.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"version":1,"saved":3,"kill":{"when":"2026-11-20T13:00:00Z","who":"alice"},"routes":{"one":{"stage":"push","percent":12.5,"configured":{"stage":"off","percent":100},"when":"2026-11-20T13:00:00Z","who":"alice"}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := parse(data)
		if err != nil {
			return
		}
		dir := folder(t.TempDir())
		if err := dir.save(k); err != nil {
			t.Fatalf("%q is accepted and cannot be written: %v", data, err)
		}
		again, problems := dir.load()
		if len(problems) > 0 || again.Saved != k.Saved || len(again.Routes) != len(k.Routes) || (again.Kill == nil) != (k.Kill == nil) {
			t.Fatalf("%q is read as %+v, and as %+v again; %v", data, k, again, problems)
		}
	})
}

func TestTheKillSwitchWorksWhileTheDiskHangs(t *testing.T) {
	l, _ := open(t, t.TempDir())
	inForce := make(chan *State, 1)
	if err := l.Configure(map[string]Position{"one": at}, func(s *State) error { inForce <- s; return nil }); err != nil {
		t.Fatal(err)
	}
	<-inForce
	l.disk.Lock() // as a write that does not return
	answered := make(chan error, 1)
	go func() { answered <- l.Kill("alice", "") }()
	if s := <-inForce; s.InForce("one").Stage != rollout.Off || l.State() != s {
		t.Errorf("got %+v in force, and %+v told", s, l.State())
	}
	l.disk.Unlock()
	if err := <-answered; err != nil {
		t.Error(err)
	}
}
