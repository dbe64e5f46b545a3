package config

import (
	"crypto/sha256"
	"io"
	"maps"
	"os"
)

// hash is that of a file's content.
type hash [sha256.Size]byte

// Files are files by their paths, and what each of them held; the zero hash
// where it could not be read.
type Files map[string]hash

// read returns the content of a file, at most one byte more than a configuration
// may have, and notes it.
func (f Files) read(path string) ([]byte, error) {
	f[path] = hash{}
	data, err := readBounded(path)
	if err == nil {
		f[path] = sha256.Sum256(data)
	}
	return data, err
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// look returns what the files hold now. One that is gone is taken to be as it
// was.
func (f Files) look() Files {
	now := make(Files, len(f))
	for path, before := range f {
		if _, err := now.read(path); err != nil {
			now[path] = before
		}
	}
	return now
}

// content is what a Watcher knows of files: the content that is in use, and one
// that was seen once and may still be in the making.
type content struct {
	known Files
	next  Files // nil while there is none
}

// sight is what a look at the files comes to.
type sight int

const (
	same     sight = iota // the known content
	changing              // another content, for the first time
	changed               // another content, for the second time running: it is known now
)

func (c *content) see(now Files) sight {
	switch {
	case maps.Equal(now, c.known):
		c.next = nil
		return same
	case !maps.Equal(now, c.next):
		c.next = now
		return changing
	}
	*c = content{known: now}
	return changed
}
