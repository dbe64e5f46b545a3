package conversations

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// configName is the file that a script's program reads.
const configName = "pollard.yml"

// A configFile is the program's configuration, and the ways in which it is changed in the field.
type configFile struct {
	folder string
	swaps  int
}

func (f *configFile) path() string { return filepath.Join(f.folder, configName) }

// exists reports whether the program has a configuration.
func (f *configFile) exists() bool {
	_, err := os.Stat(f.path())
	return err == nil
}

// change puts other content in the file's place, by one of the ways.
func (f *configFile) change(way string, content []byte) error {
	switch way {
	case "write":
		return os.WriteFile(f.path(), content, 0o600)
	case "replace":
		next := f.path() + ".next"
		return errors.Join(os.WriteFile(next, content, 0o600), os.Rename(next, f.path()))
	case "swap":
		return f.swap(content)
	}
	return fmt.Errorf("config %q: want write, replace, kubernetes or swap", way)
}

// mount lays the file out as Kubernetes mounts a ConfigMap: a link to a file in ..data, which is a link to a folder.
func (f *configFile) mount() error {
	content, err := os.ReadFile(f.path())
	if err != nil {
		return err
	}
	return errors.Join(os.Remove(f.path()), f.swap(content), os.Symlink(filepath.Join("..data", configName), f.path()))
}

func (f *configFile) swap(content []byte) error {
	f.swaps++
	version := fmt.Sprintf("..version%d", f.swaps)
	next := filepath.Join(f.folder, "..data_next")
	err := errors.Join(
		os.Mkdir(filepath.Join(f.folder, version), 0o700),
		os.WriteFile(filepath.Join(f.folder, version, configName), content, 0o600),
		os.Symlink(version, next),
		os.Rename(next, filepath.Join(f.folder, "..data")),
	)
	if err == nil && f.swaps > 1 {
		err = os.RemoveAll(filepath.Join(f.folder, fmt.Sprintf("..version%d", f.swaps-1)))
	}
	return err
}
