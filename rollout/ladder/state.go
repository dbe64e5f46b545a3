package ladder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// The two copies of the state.
const (
	stateName = "rollout.json"
	copyName  = "rollout.json.bak"
	badSuffix = ".corrupt"
	version   = 1
	maxState  = 16 << 20 // bytes; a larger file is none of ours
)

// kept is what a state file holds.
type kept struct {
	Version   int                 `json:"version"`
	Saved     uint64              `json:"saved"` // counts up: of two copies the higher is the newer
	Kill      *Kill               `json:"kill,omitempty"`
	Routes    map[string]Move     `json:"routes"`
	Plans     map[string]Plan     `json:"plans,omitempty"`
	KillStamp Stamp               `json:"kill_stamp,omitzero"`
	Stamps    map[string]Stamp    `json:"stamps,omitempty"`
	Standings map[string]Standing `json:"standings,omitempty"`
}

// load returns the newest state that can be read; its Saved is 0 if there is
// none. What is corrupt is put aside, so that neither copy is ever overwritten by
// it.
func (f folder) load() (newest kept, problems []error) {
	for _, name := range []string{stateName, copyName} {
		k, err := f.read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			problems = append(problems, err)
		case k.Saved > newest.Saved:
			newest = k
		}
	}
	return newest, problems
}

func (f folder) read(name string) (kept, error) {
	file, err := os.Open(f.path(name))
	if err != nil {
		return kept{}, fmt.Errorf("state file: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxState+1))
	if err != nil {
		return kept{}, fmt.Errorf("state file: %w", err)
	}
	k, err := parse(data)
	if err != nil {
		aside := f.path(name) + badSuffix
		return kept{}, errors.Join(fmt.Errorf("state file %s, put aside as %s: %w", f.path(name), aside, err), os.Rename(f.path(name), aside))
	}
	return k, nil
}

// parse reads a state file. Fields that it does not know are a later version's
// and no error.
func parse(data []byte) (k kept, err error) {
	if len(data) > maxState {
		return kept{}, fmt.Errorf("larger than %d bytes", maxState)
	}
	if err := json.Unmarshal(data, &k); err != nil {
		return kept{}, err
	}
	if k.Version != version || k.Saved == 0 {
		return kept{}, fmt.Errorf("version %d, saved %d times: want version %d, saved once at least", k.Version, k.Saved, version)
	}
	return k, nil
}

// save writes both copies, one after the other, each whole or not at all: at any
// moment one of them is good, and no older than the last change but one.
func (f folder) save(k kept) error {
	data, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return fmt.Errorf("state file: %w", err)
	}
	data = append(data, '\n')
	if err := f.replace(stateName, data); err != nil {
		return err
	}
	return f.replace(copyName, data)
}
