package coalescer

import (
	"errors"
	"fmt"

	"golang.org/x/sync/semaphore"
)

// ErrTimeout is the cause of a call that upstream did not answer within the
// route's timeout.
var ErrTimeout = errors.New("upstream did not answer in time")

// errAbandoned ends a call that nobody waits for any more.
var errAbandoned = errors.New("nobody waits for the answer")

// errClosed ends the calls of a coalescer that is closed.
var errClosed = errors.New("shutting down")

// CallError is the failure of an upstream call, told to everyone who waited
// for it: no answer came, or none that is HTTP.
type CallError struct{ Err error }

func (e *CallError) Error() string { return fmt.Sprintf("asking upstream: %v", e.Err) }

// Unwrap returns what went wrong.
func (e *CallError) Unwrap() error { return e.Err }

// Unshareable tells a poll to go by itself, with its own conditions: what
// upstream answers is for one reader at a time.
type Unshareable struct {
	Reason string // label of pollard_bypass_total, detail of Cache-Status
	Status int    // of the answer that could not be shared; 0 where upstream was not asked

	// Gate, if not nil, admits only so many of those that waited together:
	// upstream is failing, and the whole crowd at once would not help it.
	Gate *semaphore.Weighted
}

func (e *Unshareable) Error() string { return "cannot be shared: " + e.Reason }
