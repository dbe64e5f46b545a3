package forward

import (
	"maps"
	"net/http"
	"sync"
)

// An interim relays interim responses to the client, as long as the final one has not begun.
// The one who reads the response calls it, and the one who sends the body when it has waited
// long enough for a 100.
type interim struct {
	w  http.ResponseWriter
	mu sync.Mutex // guards everything, and w's header

	over      bool
	continued bool
}

// newInterim returns nil for HTTP/1.0 clients, who know no interim response (RFC 9110 §15.2).
func newInterim(w http.ResponseWriter, r *http.Request) *interim {
	if !r.ProtoAtLeast(1, 1) {
		return nil
	}
	return &interim{w: w}
}

// relay sends an interim response with exactly the given fields. A second 100 is dropped:
// one of the two has been ours.
func (i *interim) relay(status int, fields http.Header) {
	if i == nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.over || status == http.StatusContinue && i.continued {
		return
	}
	i.continued = i.continued || status == http.StatusContinue
	h := i.w.Header()
	final := maps.Clone(h)
	clear(h)
	maps.Copy(h, fields)
	removeHopByHop(h)
	i.w.WriteHeader(status)
	clear(h)
	maps.Copy(h, final)
}

// end makes room for the final response.
func (i *interim) end() {
	if i == nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.over = true
}
