package proxy

import (
	"log/slog"
	"sync"
	"time"
)

// complaintInterval is how often one reason for which upstream fails may have a line in the log:
// where it hangs, every poll fails.
const complaintInterval = 10 * time.Second

// complaints are what is to be said of an upstream that fails: the first time at once, then how
// often, once per interval, until an interval passes without.
type complaints struct {
	log *slog.Logger // set by New, then read-only

	mu     sync.Mutex
	closed bool // guarded by mu
	of     map[string]*complaint
}

// A complaint is about one reason. It is guarded by complaints.mu.
type complaint struct {
	failure
	times int // not yet told
	alarm *time.Timer
}

// A failure is one time that upstream failed.
type failure struct {
	method, path string
	err          error
}

func newComplaints(log *slog.Logger) *complaints {
	return &complaints{log: log, of: map[string]*complaint{}}
}

// make complains of a failure. The reason is one of few.
func (c *complaints) make(reason string, f failure) {
	if c.counts(reason, f) {
		return
	}
	c.log.Warn("upstream failed", "reason", reason, "method", f.method, "path", f.path, "error", f.err)
}

// counts reports whether the failure is counted, to be told later.
func (c *complaints) counts(reason string, f failure) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch now := c.of[reason]; {
	case c.closed:
		return false
	case now != nil:
		now.failure = f
		now.times++
		return true
	}
	c.of[reason] = &complaint{alarm: time.AfterFunc(complaintInterval, func() { c.tell(reason) })}
	return false
}

// tell says how often upstream failed in the interval that ends, the last time how.
func (c *complaints) tell(reason string) {
	f, times := c.take(reason)
	if times > 0 {
		c.log.Warn("upstream failed", "reason", reason, "times", times, "within", complaintInterval,
			"method", f.method, "path", f.path, "error", f.err)
	}
}

// take begins another interval, unless nothing failed in the last one.
func (c *complaints) take(reason string) (f failure, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.of[reason]
	if now == nil {
		return failure{}, 0
	}
	f, times = now.failure, now.times
	now.failure, now.times = failure{}, 0
	if times == 0 || c.closed {
		now.alarm.Stop()
		delete(c.of, reason)
	} else {
		now.alarm.Reset(complaintInterval)
	}
	return f, times
}

// close tells what is left. It may be called repeatedly.
func (c *complaints) close() {
	c.mu.Lock()
	c.closed = true
	var reasons []string
	for reason := range c.of {
		reasons = append(reasons, reason)
	}
	c.mu.Unlock()
	for _, reason := range reasons {
		c.tell(reason)
	}
}
