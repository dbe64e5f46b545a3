package proxy

import (
	"encoding/binary"
	"errors"
	"hash/maphash"
	"net/http"
	"syscall"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/rollout/guard"
)

// fared counts how a poll ended for whoever asked. A poll that was decided
// before the route moved says nothing of where it stands now: who falls with
// ten seconds of timeouts under way would fall twice.
func (x *exchange) fared() {
	if x.route == nil || x.route.trial == nil {
		return
	}
	t := x.route.trial
	if t.moves.Load() != x.route.judgedSince {
		return
	}
	t.comparison.Load().Acted(x.arm, x.actor)
	if x.gone() || x.left {
		return // how it would have ended is not known
	}
	x.took = time.Since(x.began)
	t.monitor.Answered(x.fare())
}

// fare is how a poll ended. One that neither upstream nor we have answered, to
// a client that is there, has met a bug.
func (x *exchange) fare() guard.Answer {
	isUnanswered := x.status == 0
	a := guard.Answer{
		Arm: x.arm, Actor: x.actor, Took: x.took, Age: x.age, Interval: x.interval,
		Failed: isUnanswered || x.broken || x.outcome == ledger.Failed || x.status >= http.StatusInternalServerError,
		Ours:   isUnanswered || x.ours,
	}
	if x.wait > 0 {
		a.Took = 0 // it waited because it was asked to
	}
	if x.outcome == ledger.Failed && (x.status == http.StatusBadRequest || x.status == http.StatusTooManyRequests) {
		a.Failed = false // a request that cannot be forwarded, or is one too many, is its client's
	}
	return a
}

// actorHash tells actors apart, for statistics: by the name that the request
// may give, else by identity, else by address.
func (h *Handler) actorHash(x *exchange, name string) uint64 {
	if name != "" {
		return maphash.String(h.seed, name)
	}
	if id := x.identity; id != (coalescer.Identity{}) {
		return binary.LittleEndian.Uint64(id[:])
	}
	return maphash.String(h.seed, x.who)
}

// called counts a call to upstream on behalf of whoever asks.
func (x *exchange) called() {
	if x.route != nil && x.route.trial != nil {
		x.route.trial.comparison.Load().Called(x.arm, x.actor)
	}
}

// isOurs reports whether a call failed because this process or its machine has
// run out of something, whatever upstream would have said.
func isOurs(err error) bool {
	for _, lack := range [...]error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL} {
		if errors.Is(err, lack) {
			return true
		}
	}
	return false
}
