package push

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Close codes of a WebSocket. The first two mean: come back, after the delay
// that the reason gives. The others mean: do not; poll, and hear it there.
const (
	CloseRestart      = 1012 // of this instance or, by age, of the connection
	CloseTryLater     = 1013 // too much of something just now
	CloseUnauthorized = 4401 // upstream said so
	CloseForbidden    = 4403 // upstream said so
	CloseNotFound     = 4404 // upstream said so
	ClosePoll         = 4410 // push is not to be had here
)

// CloseCode returns the close code of a watch that ended with an upstream
// status.
func CloseCode(status int) int {
	switch status {
	case http.StatusUnauthorized:
		return CloseUnauthorized
	case http.StatusForbidden:
		return CloseForbidden
	case http.StatusNotFound:
		return CloseNotFound
	}
	return ClosePoll
}

// Farewell sends a client away, although upstream still gives it what it
// watches.
type Farewell struct {
	Code  int           // CloseRestart, CloseTryLater or ClosePoll
	After time.Duration // when to come back; of ClosePoll, 0
}

// Error makes a farewell the cause of a connection's end.
func (f Farewell) Error() string { return fmt.Sprintf("sent away with %d", f.Code) }

// Reconnect reports whether the client is to come back.
func (f Farewell) Reconnect() bool { return f.Code != ClosePoll }

// Reason returns the reason of the close frame.
func (f Farewell) Reason() string {
	if !f.Reconnect() {
		return ""
	}
	return `{"after_ms":` + strconv.FormatInt(f.After.Milliseconds(), 10) + `}`
}

// Leaver is a connection that can be told to go.
type Leaver interface {
	// Leave ends everything that is watched, and the connection. Review ends
	// what may no longer be watched ([Subscription.Object]), and the
	// connection where nothing else is left. Both are called from any
	// goroutine, return at once, and report whether anything ends by that.
	Leave(why Farewell) bool
	Review() bool
}
