package proxy

import (
	"net/http"
	"time"

	"github.com/pollard-proxy/pollard/ledger"
)

// accessLines say which polls have a line in the log.
type accessLines struct {
	on     bool
	sample int // of so many that went well; 0 and 1 are all
}

// LogPolls changes AccessLog and LogSample of [Options].
func (h *Handler) LogPolls(on bool, sample int) { h.lines.Store(&accessLines{on, sample}) }

// logPoll writes the access line of a poll: the same words as the metrics and
// Cache-Status, the path without its query, and no credential.
func (h *Handler) logPoll(x *exchange) {
	lines := h.lines.Load()
	if !lines.on || x.route == nil || h.leavesOut(x, lines.sample) {
		return
	}
	h.Log.Info("poll", "route", x.route.Name, "stage", x.stage.String(), "outcome", x.outcome.String(), "reason", x.reason,
		"method", x.in.Method, "path", x.path, "status", x.status, "duration_ms", float64(time.Since(x.began).Microseconds())/1000)
}

// leavesOut reports whether a poll is one of those whose access line is spared:
// every Nth that went well has one, so that counting lines and multiplying tells
// the truth.
func (h *Handler) leavesOut(x *exchange, sample int) bool {
	if sample <= 1 || x.outcome == ledger.Failed || x.broken || x.status >= http.StatusInternalServerError {
		return false
	}
	return h.logged.Add(1)%uint64(sample) != 1
}
