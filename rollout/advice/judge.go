package advice

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pollard-proxy/pollard/rollout/observe"
)

func (a *Advice) reason(format string, args ...any) {
	a.Reasons = append(a.Reasons, fmt.Sprintf(format, args...))
}

// judgePolling decides whether this is polled: most requests are of clients that
// keep a steady pace.
func (a *Advice) judgePolling(e *observe.Evidence) {
	a.IsPolled = e.Steady*2 > e.Polls
	if !a.IsPolled {
		a.reason("not polled: %s of %s requests came at a steady pace", grouped(e.Steady), grouped(e.Polls))
		return
	}
	a.reason("polled every %s by %.1f tabs at a time on each document, %.1f of them of one identity", e.Pace.Median.Round(100e6), a.Watchers, a.TabsEach)
	if e.Untracked > 0 {
		a.reason("of %s polls there was no room to follow the clients: they are taken for clients as the others", grouped(e.Untracked))
	}
	if e.Unfollowed > 0 {
		a.reason("%s further polls, of URLs for which there was no room, are in no figure", grouped(e.Unfollowed))
	}
	if set := cmp.Or(e.PollInterval, e.Interval); set > 0 && e.Pace.Low > set+set/2 {
		a.reason("clients ask less often than the interval (%s): at push, documents would be asked for more often than now", set)
	}
}

// judgeAnswers says what upstream's answers mean for coalescing.
func (a *Advice) judgeAnswers(e *observe.Evidence) {
	if a.TagFromBody {
		a.reason("upstream sends no entity tag: without `etag: body` nothing is coalesced")
	}
	if e.Frozen > 0 {
		a.reason("the body changed %s times while the tag stayed: whoever asks with a condition does not see that, with Pollard or without", grouped(e.Frozen))
	}
	if e.Restamped > e.Changes {
		a.reason("the tag changed %s times while the body stayed", grouped(e.Restamped))
	}
	if e.Unguarded > 0 {
		a.reason("upstream answers 304 before it authenticates (seen %s times): a 304 says nothing of permission here", grouped(e.Unguarded))
	}
	if e.Failed*100 > e.Polls {
		a.reason("upstream failed %s of %s polls", grouped(e.Failed), grouped(e.Polls))
	}
	if names := words(e.Vary); len(names) > 0 {
		a.reason("answers vary on %s, beyond the key", strings.Join(names, ", "))
	}
}

// judgeRequests says what keeps polls from being coalesced.
func (a *Advice) judgeRequests(e *observe.Evidence) {
	for _, why := range words(e.Bypass) {
		n := grouped(e.Bypass[why])
		if field, isField := strings.CutPrefix(why, "header:"); isField {
			a.reason("%s polls carry %s: name it under `identity` if it can say who asks, `variant` if it selects the answer, else `ignore`", n, field)
		} else {
			a.reason("%s polls could not be coalesced: %s", n, why)
		}
	}
}

// words returns the words counted, the most frequent first.
func words(counts map[string]uint64) []string {
	return slices.SortedFunc(maps.Keys(counts), func(x, y string) int {
		if counts[x] != counts[y] {
			return int(int64(counts[y]) - int64(counts[x]))
		}
		return strings.Compare(x, y)
	})
}
