package coalescer

import (
	"encoding/binary"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"time"
)

// Bounds of how many identities and places the form of the last poll is
// remembered for, in sets of a few that share a part of their hashes: within a
// set the one that was remembered last stays longest. A watch of one that was
// forgotten asks as its route says.
const (
	maxForms = 1 << 14
	formsSet = 8
)

// Whose names an identity and a place ([Poll.Place]), whatever the variant.
type Whose struct {
	Place    [16]byte
	Identity Identity
}

// forms are the fields in which identities last polled: a socket cannot carry
// them, and is to be told what the page would be. A poll that is answered from
// memory says its form each time, so that nobody may wait for anybody here:
// where two come at once for one place, the later stays.
type forms struct {
	sets [maxForms / formsSet][formsSet]atomic.Pointer[form]
}

type form struct {
	of     Whose
	fields http.Header
	at     atomic.Int64 // when it was last polled in, Unix nanoseconds
}

func (fs *forms) set(w *Whose) *[formsSet]atomic.Pointer[form] {
	h := binary.LittleEndian.Uint64(w.Place[:]) ^ binary.LittleEndian.Uint64(w.Identity[8:])
	return &fs.sets[h%uint64(len(fs.sets))]
}

// last returns the form that was remembered last; nil if there is none.
func (fs *forms) last(w *Whose) (last *form) {
	for i := range fs.set(w) {
		if f := fs.set(w)[i].Load(); f != nil && f.of == *w && (last == nil || f.at.Load() > last.at.Load()) {
			last = f
		}
	}
	return last
}

// place returns where the form of w is to stand: where one of its own does, else
// where there is none, else where the oldest does.
func (fs *forms) place(w *Whose) (place *atomic.Pointer[form]) {
	var oldest int64
	for i := range fs.set(w) {
		p := &fs.set(w)[i]
		f := p.Load()
		if f != nil && f.of == *w {
			return p
		}
		at := int64(0)
		if f != nil {
			at = f.at.Load()
		}
		if place == nil || at < oldest {
			place, oldest = p, at
		}
	}
	return place
}

// Remember keeps the fields that select the representation of a poll. They must
// not be changed afterwards. It allocates nothing where they are those that it
// keeps.
func (c *Coalescer) Remember(w Whose, fields http.Header) {
	now := time.Now().UnixNano()
	if f := c.forms.last(&w); f != nil && maps.EqualFunc(f.fields, fields, slices.Equal) {
		f.at.Store(now)
		return
	}
	f := &form{of: w, fields: fields}
	f.at.Store(now)
	c.forms.place(&w).Store(f)
}

// LastForm returns the fields that were remembered last; ok is false if there
// are none.
func (c *Coalescer) LastForm(w Whose) (fields http.Header, ok bool) {
	if f := c.forms.last(&w); f != nil {
		return f.fields, true
	}
	return nil, false
}
