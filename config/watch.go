package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// A Watcher tells when the content of a file changes, or of others that it is
// told to follow.
//
// It watches the folders of the files, not the files: an atomic replacement and
// Kubernetes' swap of the ..data link put another file in its place, and a watch
// of the old one falls silent at the latest with the second swap. An event only
// makes it look; what counts is the hash of the content, which it also looks at
// every few seconds, since network file systems send no events, links may lead
// to other folders, and events get lost.
type Watcher struct {
	// Set by Watch, then read-only.
	path     string
	onChange func()
	events   *fsnotify.Watcher // nil where the system has none to spare: then polling alone
	pace     pace
	stop     chan struct{}
	stopped  chan struct{}
	closing  sync.Once

	mu      sync.Mutex
	content content // guarded by mu
}

// pace is how often a Watcher looks.
type pace struct {
	poll   time.Duration // without an event
	settle time.Duration // from one look to the next, while the content is changing
}

// Watch calls onChange each time the content of the file at path has changed and
// stayed the same for a tenth of a second, so that a file is not read while an
// editor writes it. A file that is gone has not changed; when it comes back, it
// has if it differs from what was there before.
//
// onChange is called from the watcher's goroutine, never twice at once, and must
// not call Close. To miss no change, call Watch first and load the file then. An
// error means that the file cannot be read now.
func Watch(path string, onChange func()) (*Watcher, error) {
	return watch(path, onChange, pace{poll: 3 * time.Second, settle: 100 * time.Millisecond})
}

func watch(path string, onChange func(), p pace) (*Watcher, error) {
	now := Files{}
	if _, err := now.read(path); err != nil {
		return nil, fmt.Errorf("watch configuration: %w", err)
	}
	w := &Watcher{path: path, onChange: onChange, pace: p, content: content{known: now},
		stop: make(chan struct{}), stopped: make(chan struct{})}
	if events, err := fsnotify.NewWatcher(); err == nil {
		w.events = events
		w.watchFolders()
	}
	go w.run()
	return w, nil
}

// Follow has w watch other files beside its own, in the place of those that it
// followed before. A file has changed when it is not as files has it: as it was
// read, so that no change is missed after that.
func (w *Watcher) Follow(files Files) {
	all := maps.Clone(files)
	w.mu.Lock()
	all[w.path] = w.content.known[w.path]
	w.content = content{known: all}
	w.mu.Unlock()
	w.watchFolders()
}

// watchFolders is repeated with every poll, because a folder may have been
// replaced. Where it fails, polling is all there is.
func (w *Watcher) watchFolders() {
	if w.events == nil {
		return
	}
	for path := range w.watched() {
		_ = w.events.Add(filepath.Dir(path))
	}
}

// watched returns the files, and their known content. It is not to be changed.
func (w *Watcher) watched() Files {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.content.known
}

// Close ends the watching and waits until onChange, should it be running, has
// returned. Further calls do nothing.
func (w *Watcher) Close() {
	w.closing.Do(func() { close(w.stop) })
	<-w.stopped
}

func (w *Watcher) run() {
	defer close(w.stopped)
	var changes <-chan fsnotify.Event
	var failures <-chan error
	if w.events != nil {
		defer w.events.Close()
		changes, failures = w.events.Events, w.events.Errors
	}
	poll := time.NewTicker(w.pace.poll)
	defer poll.Stop()
	// look is nil while nothing is going on. Events do not put it off, so that a
	// busy folder cannot keep a change from being seen.
	var look <-chan time.Time
	for {
		select {
		case <-w.stop:
			return
		case <-poll.C:
			w.watchFolders()
		case <-changes:
		case <-failures: // such as too many events at once
		case <-look:
			look = nil
			if !w.isSettled() {
				look = time.After(w.pace.settle)
			}
			continue
		}
		if look == nil {
			look = time.After(w.pace.settle)
		}
	}
}

// isSettled looks at the files, calls onChange if it is time, and reports whether
// nothing is going on any more.
func (w *Watcher) isSettled() bool {
	switch w.see(w.watched().look()) {
	case changing:
		return false
	case changed:
		w.onChange()
	}
	return true
}

func (w *Watcher) see(now Files) sight {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !sameKeys(now, w.content.known) {
		return changing // others are followed since the look
	}
	return w.content.see(now)
}

func sameKeys(a, b Files) bool {
	for path := range a {
		if _, isThere := b[path]; !isThere {
			return false
		}
	}
	return len(a) == len(b)
}
