package redisstore

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/pollard-proxy/pollard/coalescer"
)

// Mode is how instances are joined at the moment.
type Mode string

// The modes, from good to bad.
const (
	Together Mode = "together" // calls are shared, and hints come
	Deaf     Mode = "deaf"     // calls are shared, but no hints come: what waits looks for itself
	Alone    Mode = "alone"    // Redis is not used
)

// tolerated is how many commands may fail in a row before Redis is not used.
const tolerated = 2

// health is the breaker between polls and Redis. Closed, commands go through;
// open, they fail at once, but for the probes of the nurse, of whom the first
// that succeeds closes it again.
type health struct {
	// Set by New, then read-only.
	news   chan struct{} // holds one if the mode may be another
	hiccup time.Duration // commands that time out for less long do not open it: many at a time do

	mu       sync.Mutex
	down     error          // why it is open, nil while it is closed; guarded by mu, as the rest
	deaf     error          // why no hints come
	failed   int            // commands in a row
	since    time.Time      // when the first of them failed
	where    coalescer.Name // whose command failed last: what is to be probed
	worked   bool           // ever
	answered time.Time      // when a command was last answered
}

func newHealth(hiccup time.Duration) *health {
	return &health{news: make(chan struct{}, 1), hiccup: hiccup, down: fmt.Errorf("%w: %w", ErrDown, errStarting)}
}

// check returns why Redis is not used, nil if it is.
func (h *health) check() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.down
}

func (h *health) hasWorked() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.worked
}

// mode returns how instances are joined, and why not better.
func (h *health) mode() (Mode, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.down != nil:
		return Alone, h.down
	case h.deaf != nil:
		return Deaf, h.deaf
	}
	return Together, nil
}

// succeed is told of a command that was answered.
func (h *health) succeed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failed, h.answered = 0, time.Now()
}

// fail is told of a command about name that was not, and why.
func (h *health) fail(name coalescer.Name, why error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.where = name
	if h.failed++; h.failed == 1 {
		h.since = time.Now()
	}
	closed := h.down == nil
	if closed && h.bears(why) {
		return
	}
	h.down = fmt.Errorf("%w: %w", ErrDown, why)
	if closed {
		h.tell()
	}
}

// bears reports whether a failure may have been the last. It is called with mu
// held.
func (h *health) bears(why error) bool {
	if _, lasting := refusal(why); lasting {
		return false
	}
	return h.failed <= tolerated || isTimeout(why) && time.Since(h.since) < h.hiccup
}

// heal closes the breaker.
func (h *health) heal() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.down, h.failed, h.worked, h.answered = nil, 0, true, time.Now()
	h.tell()
}

// hear is told whether hints come, nil if they do.
func (h *health) hear(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if (h.deaf == nil) != (err == nil) {
		h.deaf = err
		h.tell()
	}
}

// isUnproven reports whether no command was answered for so long, or the last was
// not.
func (h *health) isUnproven(since time.Duration) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failed > 0 || time.Since(h.answered) >= since
}

// doubted returns whose command failed last, if none has been answered since.
func (h *health) doubted() (name coalescer.Name, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.where, h.failed > 0
}

// ailing returns whose command failed last.
func (h *health) ailing() coalescer.Name {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.where
}

// tell is called with mu held.
func (h *health) tell() {
	select {
	case h.news <- struct{}{}:
	default:
	}
}

// isMisplaced reports whether an error is about one name's keys, and says nothing of
// Redis: somebody else's data is in their place.
func isMisplaced(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer) && strings.HasPrefix(answer.Error(), "WRONGTYPE")
}
