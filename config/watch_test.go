package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// patience bounds how long a test waits for what must happen.
const patience = 20 * time.Second

// watched is a file, and what a Watcher says of it.
type watched struct {
	t       *testing.T
	path    string
	changes chan string // the content at each change
}

// watchFile watches path, which exists. Without polling, only events count.
func watchFile(t *testing.T, path string, poll time.Duration) *watched {
	t.Helper()
	f := &watched{t, path, make(chan string, 100)}
	w, err := watch(path, func() {
		data, _ := os.ReadFile(path)
		f.changes <- string(data)
	}, pace{poll: poll, settle: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return f
}

// expect waits for the change to content; earlier contents of a file that was
// written in steps are skipped.
func (f *watched) expect(content string) {
	f.t.Helper()
	for timeout := time.After(patience); ; {
		select {
		case got := <-f.changes:
			if got == content {
				return
			}
		case <-timeout:
			f.t.Fatalf("got no change to %q", content)
		}
	}
}

func (f *watched) expectNoMore() {
	f.t.Helper()
	select {
	case got := <-f.changes:
		f.t.Errorf("got a change to %q, want none", got)
	default:
	}
}

const never = time.Hour

func TestAFileWrittenInPlaceIsNoticed(t *testing.T) {
	path := writeFile(t, filepath.Join(t.TempDir(), "p.yml"), "1")
	f := watchFile(t, path, never)
	for _, content := range []string{"2", "3", "1"} {
		writeFile(t, path, content)
		f.expect(content)
	}
	f.expectNoMore()
}

func TestAFileReplacedByAnotherIsNoticedEachTime(t *testing.T) {
	dir := t.TempDir()
	path := writeFile(t, filepath.Join(dir, "p.yml"), "1")
	f := watchFile(t, path, never)
	for _, content := range []string{"2", "3", "4"} {
		rename(t, writeFile(t, filepath.Join(dir, ".p.yml.new"), content), path)
		f.expect(content)
	}
	f.expectNoMore()
}

func TestAFileDeletedAndMadeAgainIsNoticed(t *testing.T) {
	path := writeFile(t, filepath.Join(t.TempDir(), "p.yml"), "1")
	f := watchFile(t, path, never)
	for _, content := range []string{"2", "3"} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		writeFile(t, path, content)
		f.expect(content)
	}
	f.expectNoMore()
}

// Kubernetes mounts p.yml -> ..data/p.yml and ..data -> ..1, and replaces ..data
// as a whole. A watch of the file itself falls silent with the second swap.
func TestAFileSwappedByKubernetesIsNoticedEachTime(t *testing.T) {
	dir := t.TempDir()
	swap(t, dir, "..1", "1")
	path := filepath.Join(dir, "p.yml")
	if err := os.Symlink("..data/p.yml", path); err != nil {
		t.Fatal(err)
	}
	f := watchFile(t, path, never)
	for i, version := range []string{"..2", "..3", "..4"} {
		content := version + " content"
		swap(t, dir, version, content)
		if err := os.RemoveAll(filepath.Join(dir, []string{"..1", "..2", "..3"}[i])); err != nil {
			t.Fatal(err)
		}
		f.expect(content)
	}
	f.expectNoMore()
}

// swap makes a folder called version with p.yml in it, and ..data a link to it,
// in one step as the kubelet does.
func swap(t *testing.T, dir, version, content string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(dir, version), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, version, "p.yml"), content)
	if err := os.Symlink(version, filepath.Join(dir, "..data_tmp")); err != nil {
		t.Fatal(err)
	}
	rename(t, filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data"))
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// The file that a link leads to lies in a folder that is not watched.
func TestPollingNoticesWhatNoEventTells(t *testing.T) {
	target := writeFile(t, filepath.Join(t.TempDir(), "target.yml"), "1")
	path := filepath.Join(t.TempDir(), "p.yml")
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	f := watchFile(t, path, 10*time.Millisecond)
	for _, content := range []string{"2", "3"} {
		writeFile(t, target, content)
		f.expect(content)
	}
}

func TestAFolderReplacedAsAWholeIsNoticedByPolling(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "etc")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := writeFile(t, filepath.Join(dir, "p.yml"), "1")
	f := watchFile(t, path, 10*time.Millisecond)
	rename(t, dir, filepath.Join(parent, "old"))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, "2")
	f.expect("2")
}

func TestCloseWaitsForOnChangeAndMayBeRepeated(t *testing.T) {
	path := writeFile(t, filepath.Join(t.TempDir(), "p.yml"), "1")
	entered, leave, left := make(chan bool), make(chan bool), make(chan bool, 1)
	w, err := Watch(path, func() {
		entered <- true
		<-leave
		left <- true
	})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, "2")
	<-entered
	go close(leave)
	w.Close()
	select {
	case <-left:
	default:
		t.Error("Close returned while onChange was running")
	}
	w.Close()
}

func TestWatchingAFileThatIsNotThereIsAnError(t *testing.T) {
	if _, err := Watch(filepath.Join(t.TempDir(), "p.yml"), func() {}); err == nil {
		t.Error("got no error")
	}
}

func TestAContentIsBelievedOnceItIsSeenTwice(t *testing.T) {
	a, b, c := Files{"f": {1}}, Files{"f": {2}}, Files{"f": {3}}
	type look struct {
		now  Files
		want sight
	}
	for name, looks := range map[string][]look{
		"the same content":       {{a, same}, {a, same}},
		"a change":               {{b, changing}, {b, changed}, {b, same}},
		"written in steps":       {{b, changing}, {c, changing}, {c, changed}},
		"there and back":         {{b, changing}, {a, same}, {b, changing}, {b, changed}},
		"changed back and forth": {{b, changing}, {b, changed}, {a, changing}, {a, changed}},
	} {
		known := content{known: a}
		for i, l := range looks {
			if got := known.see(l.now); got != l.want {
				t.Errorf("%s, look %d: got %v, want %v", name, i, got, l.want)
			}
		}
	}
}

func TestAFileThatIsGoneIsTakenToBeAsItWas(t *testing.T) {
	path := writeFile(t, filepath.Join(t.TempDir(), "f"), "1")
	before := Files{}
	if _, err := before.read(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := before.look(); got[path] != before[path] {
		t.Errorf("got %x, want %x", got[path], before[path])
	}
}

func TestAFollowedFileIsNoticedUntilOthersAreFollowed(t *testing.T) {
	dir := t.TempDir()
	main := writeFile(t, filepath.Join(t.TempDir(), "p.yml"), "main")
	key, missing := writeFile(t, filepath.Join(dir, "key"), "1"), filepath.Join(dir, "missing")
	changes := make(chan struct{}, 100)
	w, err := watch(main, func() { changes <- struct{}{} }, pace{poll: 20 * time.Millisecond, settle: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	expectChange := func(of string) {
		t.Helper()
		select {
		case <-changes:
		case <-time.After(patience):
			t.Fatalf("got no change of %s", of)
		}
	}
	read := Files{}
	_, _ = read.read(key)
	_, _ = read.read(missing)
	writeFile(t, key, "2") // after it was read, before it is followed
	w.Follow(read)
	expectChange("a followed file")
	writeFile(t, missing, "there")
	expectChange("a file that was missing")
	w.Follow(Files{})
	writeFile(t, key, "3")
	writeFile(t, main, "other")
	expectChange("the file itself")
}
