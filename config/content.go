package config

import (
	"crypto/sha256"
	"io"
	"os"
)

// hash is that of a file's content.
type hash [sha256.Size]byte

// hashFile reads as much as [Load] would.
func hashFile(path string) (hash, error) {
	f, err := os.Open(path)
	if err != nil {
		return hash{}, err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, io.LimitReader(f, maxFile+1)); err != nil {
		return hash{}, err
	}
	return hash(sum.Sum(nil)), nil
}

// content is what a Watcher knows of the file: the content that is in use, and
// one that was seen once and may still be in the making.
type content struct {
	known hash
	next  hash // the zero hash while there is none
}

// sight is what a look at the file comes to.
type sight int

const (
	same     sight = iota // the known content, or no file
	changing              // another content, for the first time
	changed               // another content, for the second time running: it is known now
)

func (c *content) see(now hash, isThere bool) sight {
	switch {
	case !isThere || now == c.known:
		c.next = hash{}
		return same
	case now != c.next:
		c.next = now
		return changing
	}
	*c = content{known: now}
	return changed
}
