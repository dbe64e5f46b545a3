package ladder

import (
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"time"
)

// Options for [Open]. Log is required.
type Options struct {
	// Dir is the folder in which the state is kept, made if need be. Without
	// one nothing survives, and there is no kill file.
	Dir string
	Log *slog.Logger
	// Instance is the name of this one in the audit log. In a fleet no other has
	// it.
	Instance string
}

// Ladder is where the routes of one instance stand.
type Ladder struct {
	// Set by Open, then read-only.
	folder   folder
	log      *slog.Logger
	instance string
	due      *time.Timer   // when a plan may be due; set with mu held, heeded by Watch
	said     chan struct{} // see Said

	// mu is held while a state is put in force, so that states are put in force
	// in order; never across disk I/O: a disk that hangs must not keep the kill
	// switch from working.
	mu     sync.Mutex
	state  *State             // replaced, never changed
	put    func(*State) error // puts a state in force, until closed
	since  time.Time          // the routes were configured otherwise before
	met    Stamp              // of the kill switch, when the fleet was met last
	closed bool
	audit  ring

	disk disk // guards what is written; mu may be taken under it, never the reverse
}

// disk is what has been written.
type disk struct {
	sync.Mutex
	saved  uint64 // number of the newest state file
	logged uint64 // number of the newest entry in the audit log
}

// NotKept is the error of a change that is in force, and will be forgotten by a
// restart.
type NotKept struct{ Err error }

// Error says so.
func (e *NotKept) Error() string {
	return "in force, but it will not survive a restart: " + e.Err.Error()
}

// Unwrap returns why it could not be kept.
func (e *NotKept) Unwrap() error { return e.Err }

// ErrNoFolder is why nothing is kept where there is no folder for it.
var ErrNoFolder = errors.New("no state folder is configured")

// Open reads what an earlier process has kept. What cannot be read is logged,
// with the name of the file, put aside and done without.
func Open(o Options) *Ladder {
	if dir, err := filepath.Abs(o.Dir); err == nil && o.Dir != "" {
		o.Dir = dir // so that operators find the files that messages name
	}
	l := &Ladder{
		folder: folder(o.Dir), log: o.Log, instance: o.Instance, due: time.NewTimer(longestWait), said: make(chan struct{}, 1),
		state: &State{}, put: func(*State) error { return nil },
	}
	if o.Dir != "" {
		l.load()
	}
	return l
}

// load is called by Open.
func (l *Ladder) load() {
	if err := l.folder.prepare(); err != nil {
		l.log.Error("changes of the rollout will not survive a restart", "error", err)
	}
	kept, problems := l.folder.load()
	for _, err := range problems {
		l.log.Error("state file not used", "error", err)
	}
	if len(problems) > 0 && kept.Saved == 0 {
		l.log.Error("no state file can be used: every route stands as configured, and none is killed")
	} else if len(problems) > 0 {
		l.log.Warn("the other copy of the state is used", "saved", kept.Saved)
	}
	l.disk.saved = kept.Saved
	l.state = &State{
		Kill: kept.Kill, Moves: kept.Routes, Plans: kept.Plans, Standings: kept.Standings,
		KillStamp: kept.KillStamp, Stamps: kept.Stamps,
	}
	l.met = kept.KillStamp
	entries, err := l.folder.entries()
	if err != nil {
		l.log.Error("audit log not read", "error", err)
	}
	l.audit.add(entries...)
	l.disk.logged = l.audit.count
}

// State returns where all routes stand.
func (l *Ladder) State() *State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// Log returns the newest n entries of the audit log, those of one route alone
// unless route is "", the newest first. It reaches back 1000 entries.
func (l *Ladder) Log(route string, n int) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.audit.newest(route, n)
}

// edit changes a state and says what it changed. Without entries it has at most
// heard of words that change nothing; with an error it has changed nothing.
type edit func(next *State) ([]Entry, error)

// errClosed is the end of all changes.
var errClosed = errors.New("shutting down: nothing is moved any more")

// Close has every later change fail: once it returns, no state is put in force any
// more. What was kept stays.
func (l *Ladder) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

// change puts a changed state in force, and keeps it. Two changes never see the
// same state.
func (l *Ladder) change(e edit) error {
	changed, err := l.enforce(e)
	if err != nil || !changed {
		return err
	}
	return l.keep()
}

// enforce puts a changed state in force.
func (l *Ladder) enforce(e edit) (changed bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false, errClosed
	}
	next := l.state.clone()
	entries, err := e(next)
	if err != nil || len(entries) == 0 && next.hasHeard(l.state) {
		return false, err
	}
	next.sign(entries, l.instance)
	next.settle(time.Now())
	if err := l.put(next); err != nil {
		return false, err
	}
	l.replace(next, entries)
	return true, nil
}

// replace is called with mu held.
func (l *Ladder) replace(next *State, entries []Entry) {
	l.state = next
	l.audit.add(entries...)
	l.due.Reset(next.untilDue())
	select {
	case l.said <- struct{}{}:
	default: // it is to be looked at already
	}
	for _, e := range entries {
		if e.Route == "" {
			l.log.Warn("kill switch", "from", e.From, "to", e.To, "who", e.Who, "why", e.Why, "instance", e.Instance)
			continue
		}
		l.log.Warn("route moved", "route", e.Route, "from", e.From, "to", e.To, "who", e.Who, "why", e.Why, "instance", e.Instance)
	}
}

// keep writes what is in force and what was not logged yet. It logs a failure
// too: also where nobody asked for the change, somebody must hear that it is not
// kept.
func (l *Ladder) keep() error {
	if l.folder == "" {
		return &NotKept{ErrNoFolder}
	}
	l.disk.Lock()
	defer l.disk.Unlock()
	l.mu.Lock()
	state := l.state
	entries, count := l.audit.since(l.disk.logged)
	l.mu.Unlock()
	err := l.save(state)
	if recorded := l.record(entries, count); err == nil {
		err = recorded // on the same disk: of two failures one line says enough
	}
	if err != nil {
		l.log.Error("the rollout is in force, but not kept", "error", err)
		return &NotKept{err}
	}
	return nil
}

// save is called with disk held, as is record.
func (l *Ladder) save(s *State) error {
	kept := kept{
		Version: version, Saved: l.disk.saved + 1, Kill: s.Kill, Routes: s.Moves, Plans: s.Plans, Standings: s.Standings,
		KillStamp: s.KillStamp, Stamps: s.Stamps,
	}
	if err := l.folder.save(kept); err != nil {
		return err
	}
	l.disk.saved++
	return nil
}

func (l *Ladder) record(entries []Entry, count uint64) error {
	if err := l.folder.append(entries); err != nil {
		return err
	}
	l.disk.logged = count
	return nil
}
