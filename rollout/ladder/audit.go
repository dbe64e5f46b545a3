package ladder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// The audit log, and how many bytes of its end are read at the start.
const (
	auditName = "audit.log"
	auditTail = 512 << 10
)

// Entry is one change, in the audit log.
type Entry struct {
	When  time.Time `json:"when"`
	Who   string    `json:"who"`
	Route string    `json:"route,omitempty"` // "" where it concerns all of them
	From  string    `json:"from"`
	To    string    `json:"to"`
	Why   string    `json:"why,omitempty"`

	Instance string `json:"instance,omitempty"` // where it was said
}

// stamped gives entries the time.
func stamped(entries ...Entry) []Entry {
	for i := range entries {
		entries[i].When = time.Now()
	}
	return entries
}

// remembered bounds how many entries are held in memory; the file has them all.
const remembered = 1000

// ring holds the newest entries, the oldest first. Its zero value is empty.
type ring struct {
	entries []Entry
	count   uint64 // of all that were ever added
}

func (r *ring) add(entries ...Entry) {
	r.count += uint64(len(entries))
	r.entries = append(r.entries, entries...)
	if over := len(r.entries) - remembered; over > 0 {
		r.entries = append([]Entry(nil), r.entries[over:]...)
	}
}

// newest returns at most n entries, the newest first; of all routes if route is
// "".
func (r *ring) newest(route string, n int) []Entry {
	found := []Entry{}
	for i := len(r.entries) - 1; i >= 0 && len(found) < n; i-- {
		if e := r.entries[i]; route == "" || e.Route == route {
			found = append(found, e)
		}
	}
	return found
}

// since returns the entries after the first so many, of those that are held, and
// how many there are by now.
func (r *ring) since(count uint64) ([]Entry, uint64) {
	held := uint64(len(r.entries))
	return r.entries[held-min(r.count-count, held):], r.count
}

// append adds entries to the audit log, which is opened each time: it may be
// rotated. They begin on a new line, also where the last write broke off in one.
func (f folder) append(entries []Entry) error {
	if len(entries) == 0 {
		return nil
	}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, e := range entries {
		if err := encoder.Encode(e); err != nil {
			return fmt.Errorf("audit log: %w", err)
		}
	}
	file, err := os.OpenFile(f.path(auditName), os.O_RDWR|os.O_CREATE|os.O_APPEND, fileMode)
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	_, err = file.Write(append(openLine(file), lines.Bytes()...))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	return nil
}

// openLine returns the end of a line that has none yet.
func openLine(file *os.File) []byte {
	last := make([]byte, 1)
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return nil
	}
	if _, err := file.ReadAt(last, info.Size()-1); err != nil || last[0] == '\n' {
		return nil
	}
	return []byte("\n")
}

// entries returns the newest entries of the audit log; lines that are none are
// passed over.
func (f folder) entries() ([]Entry, error) {
	file, err := os.Open(f.path(auditName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	tail := io.NewSectionReader(file, max(0, info.Size()-auditTail), auditTail)
	data, err := io.ReadAll(tail)
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	var entries []Entry
	for line := range bytes.Lines(data) {
		var e Entry
		if json.Unmarshal(line, &e) == nil {
			entries = append(entries, e)
		}
	}
	return entries, nil
}
