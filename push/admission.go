package push

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// Why a connection is refused before upstream is asked: labels.
const (
	reasonDraining   = "draining"
	reasonFull       = "full"
	reasonWatchers   = "watchers"
	reasonIdentity   = "per-identity"
	reasonHandshakes = "handshakes"
)

// Admit lets a connection of this identity begin, or says why not. It counts
// against the limits until release is called.
func (h *Hub) Admit(who coalescer.Identity) (release func(), refusal *Refusal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if reason := h.objection(who); reason != "" {
		return nil, &Refusal{Status: http.StatusServiceUnavailable, Reason: reason}
	}
	h.admitted++
	h.identities[who]++
	released := false // guarded by mu
	return func() { h.release(who, &released) }, nil
}

// objection is called with mu held. The rate comes last: who is refused for
// another reason takes nobody's turn.
func (h *Hub) objection(who coalescer.Identity) string {
	switch {
	case h.closed:
		return reasonDraining
	case h.options.Full():
		return reasonFull
	case h.admitted >= h.bounds.Load().Watchers:
		return reasonWatchers
	case h.identities[who] >= h.bounds.Load().PerIdentity:
		return reasonIdentity
	case !h.handshakes.allow(time.Now()):
		return reasonHandshakes
	}
	return ""
}

func (h *Hub) release(who coalescer.Identity, released *bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if *released {
		return
	}
	*released = true
	h.admitted--
	if h.identities[who]--; h.identities[who] == 0 {
		delete(h.identities, who)
	}
}

// Refuse answers a request that is not admitted, without a body. With 503 goes
// when to try again (RFC 9110 §10.2.3).
func (h *Hub) Refuse(w http.ResponseWriter, refusal *Refusal) {
	if refusal.Status == http.StatusServiceUnavailable {
		seconds := int(h.comeBack()/time.Second) + 1
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
	answerEmpty(w, refusal.Status)
}

// answerEmpty answers a request that wanted more than a poll gets.
func answerEmpty(w http.ResponseWriter, status int) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(status)
}

// maxComeBack bounds how long a client is kept away that has lost its
// connection, or was given none. It polls meanwhile.
const maxComeBack = 30 * time.Second

// comeBack draws when one of those who are here now may come back, so that all
// of them together stay under the rate of reconnects.
func (h *Hub) comeBack() time.Duration {
	window := seconds(float64(h.Count()+1) / h.bounds.Load().ReconnectsPerSecond)
	return rand.N(min(window, maxComeBack) + 1)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
