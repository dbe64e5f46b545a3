package ladder

import (
	"context"
	"fmt"
	"time"
)

// killName is the file that kills all routes while it is there.
const killName = "kill"

// lookEvery is how often the kill file is looked for.
const lookEvery = 250 * time.Millisecond

// The ends of a kill in the audit log.
const (
	running = "running"
	killed  = "killed"
)

// Kill has all routes pass through. It takes effect before it is written. Where
// the kill file was the cause until now, the one who kills is from now on. The
// error is [*NotKept].
func (l *Ladder) Kill(who, why string) error {
	return l.change(func(s *State) ([]Entry, error) {
		if s.Kill != nil && !s.Kill.ByFile {
			return nil, nil
		}
		return s.kill(Kill{Who: who, Why: why}), nil
	})
}

// KillFileError is why nobody is revived: the file says so.
type KillFileError struct{ Path string }

// Error names the file.
func (e *KillFileError) Error() string {
	return fmt.Sprintf("the file %s kills all routes: remove it first", e.Path)
}

// Revive ends a kill: every route stands where it stood, or where it was moved to
// meanwhile. The error is [*KillFileError] while there is a kill file, or
// [*NotKept].
func (l *Ladder) Revive(who, why string) error {
	isThere, _ := l.folder.killFile() // in doubt there is none: Watch will tell
	return l.change(func(s *State) ([]Entry, error) {
		switch {
		case s.Kill == nil:
			return nil, nil
		case isThere:
			return nil, &KillFileError{l.folder.path(killName)}
		}
		return s.revive(who, why), nil
	})
}

// Watch carries plans out, and heeds the kill file, until the context ends: while it is there all routes
// are killed; when it goes they are revived, unless somebody has killed them by
// another way too. A failure to keep that is logged.
func (l *Ladder) Watch(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	defer l.due.Stop()
	if l.folder == "" {
		tick.Stop()
	}
	for {
		select {
		case <-tick.C:
			_ = l.change(l.heedFile()) // a failure to keep it is logged
		case <-l.due.C:
			l.carryOut()
		case <-ctx.Done():
			return
		}
	}
}

// heedFile looks whether there is a kill file, and returns what that makes of a
// state. Where it cannot be told, nothing changes.
func (l *Ladder) heedFile() edit {
	path := l.folder.path(killName)
	isThere, err := l.folder.killFile()
	return func(s *State) ([]Entry, error) {
		switch {
		case err != nil || isThere == (s.Kill != nil):
			return nil, nil
		case isThere:
			return s.kill(Kill{Who: byFile, Why: path, ByFile: true}), nil
		case s.Kill.ByFile:
			return s.revive(byFile, path+" is gone"), nil
		}
		return nil, nil
	}
}

func (s *State) kill(k Kill) []Entry {
	from := running
	if s.Kill != nil {
		from = killed
	}
	k.When = time.Now()
	s.Kill = &k
	return []Entry{{When: k.When, Who: k.Who, From: from, To: killed, Why: k.Why}}
}

func (s *State) revive(who, why string) []Entry {
	s.Kill = nil
	return []Entry{{When: time.Now(), Who: who, From: killed, To: running, Why: why}}
}
