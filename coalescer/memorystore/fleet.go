package memorystore

import (
	"errors"
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// ErrFull is returned by Begin where as many names are known as there may be.
var ErrFull = errors.New("memory store: as many documents as it may hold")

// ErrLate is returned by Begin where another instance is asking and was told
// nothing before the patience ended.
var ErrLate = errors.New("memory store: another instance is asking and has not been told in time")

// Options are the bounds of a Fleet. The zero value is usable.
type Options struct {
	Patience time.Duration // how long Begin waits for another instance at most; default 1s
	Names    int           // how many names are known at most; then Begin fails. Default 65,536
}

// Fleet is what the instances of one process have in common. Its memory is that
// of the states that are of use: those beyond their Keep go when room is needed.
type Fleet struct {
	// Set by New, then read-only.
	options Options

	mu        sync.Mutex
	documents map[coalescer.Name]*document     // guarded by mu, and so is what they hold
	voids     map[coalescer.Identity]time.Time // the same: of each, what was asked before is void
	allVoid   time.Time                        // the same of all
}

// New returns a Fleet without instances.
func New(o Options) *Fleet {
	if o.Patience == 0 {
		o.Patience = time.Second
	}
	if o.Names == 0 {
		o.Names = 1 << 16
	}
	return &Fleet{options: o, documents: make(map[coalescer.Name]*document), voids: make(map[coalescer.Identity]time.Time)}
}

// Instance returns the view of one more instance.
func (f *Fleet) Instance() *Instance { return &Instance{fleet: f} }

// document returns what is known of name, nil where there is no room for more.
// It is called with mu held.
func (f *Fleet) document(name coalescer.Name) *document {
	d := f.documents[name]
	if d != nil {
		return d
	}
	if len(f.documents) >= f.options.Names {
		f.forget(time.Now())
	}
	if len(f.documents) >= f.options.Names {
		return nil
	}
	d = &document{news: make(chan struct{}), watches: make(map[*watch]struct{})}
	f.documents[name] = d
	return d
}

// forget drops what is of no use to anybody. It is called with mu held.
func (f *Fleet) forget(now time.Time) {
	for name, d := range f.documents {
		if len(d.watches) == 0 && d.waiting == 0 && !now.Before(d.leased) && !now.Before(d.keep) {
			delete(f.documents, name)
		}
	}
}
