package coalescer

import (
	"net/http"

	lru "github.com/hashicorp/golang-lru/v2"
)

// maxForms bounds how many identities and places the form of the last poll is
// remembered for. A watch of one that was forgotten asks as its route says.
const maxForms = 1 << 14

// Whose names an identity and a place ([Poll.Place]), whatever the variant.
type Whose struct {
	Place    [16]byte
	Identity Identity
}

// forms are the fields in which identities last polled: a socket cannot carry
// them, and is to be told what the page would be.
type forms struct {
	last *lru.Cache[Whose, http.Header]
}

func newForms() forms {
	last, err := lru.New[Whose, http.Header](maxForms)
	if err != nil {
		panic(err) // only for a size below one
	}
	return forms{last}
}

// Remember keeps the fields that select the representation of a poll. They must
// not be changed afterwards.
func (c *Coalescer) Remember(w Whose, form http.Header) { c.forms.last.Add(w, form) }

// LastForm returns the fields that were remembered last; ok is false if there
// are none.
func (c *Coalescer) LastForm(w Whose) (form http.Header, ok bool) { return c.forms.last.Get(w) }
