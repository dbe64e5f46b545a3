package ladder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// folder is where the state is kept; "" is nowhere.
type folder string

// The modes of what is made there: what is kept names addresses of operators.
const (
	folderMode = 0o755
	fileMode   = 0o600
)

func (f folder) path(name string) string { return filepath.Join(string(f), name) }

// prepare makes the folder and sees whether it can be written.
func (f folder) prepare() error {
	if err := os.MkdirAll(string(f), folderMode); err != nil {
		return fmt.Errorf("state folder: %w", err)
	}
	probe, err := os.CreateTemp(string(f), "writable.*")
	if err != nil {
		return fmt.Errorf("state folder: %w", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// replace writes a file beside the one that it then takes the place of.
func (f folder) replace(name string, data []byte) error {
	next, err := os.CreateTemp(string(f), name+".*")
	if err != nil {
		return fmt.Errorf("state file: %w", err)
	}
	_, err = next.Write(data)
	err = errors.Join(err, next.Sync(), next.Close())
	if err == nil {
		err = os.Rename(next.Name(), f.path(name))
	}
	if err != nil {
		return fmt.Errorf("state file: %w", errors.Join(err, os.Remove(next.Name())))
	}
	return f.sync()
}

// sync makes a rename survive a crash.
func (f folder) sync() error {
	dir, err := os.Open(string(f))
	if err != nil {
		return fmt.Errorf("state folder: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// killFile reports whether there is a kill file. A folder that is not there, as
// when a volume is not mounted, says nothing about it: that is an error.
func (f folder) killFile() (isThere bool, err error) {
	if f == "" {
		return false, nil
	}
	if _, err = os.Stat(f.path(killName)); err == nil {
		return true, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	_, err = os.Stat(string(f))
	return false, err
}
