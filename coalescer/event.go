package coalescer

import (
	"bytes"
	"errors"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/etag"
)

// What happened to a document: the causes of an [Event]. Those of a call are the
// words of [ledger.Reason]: poll, watch, verify, audit.
const (
	CauseProbe  = "probe"  // the path was asked about without credentials (share: changes)
	CauseCircle = "circle" // another identity with the same state asked (share: verified)
	CauseTold   = "told"   // another instance had asked
	CauseTouch  = "touch"  // something told of a change
	CauseWrite  = "write"  // who asks had written, or everything was made stale
	CauseSupply = "supply" // the application gave the new state itself
	CausePass   = "pass"   // a poll went by itself
)

// What came of it: the results of an [Event].
const (
	ResultFirst     = "first"     // nothing was held before
	ResultSame      = "same"      // what is held is current
	ResultChanged   = "changed"   // another state
	ResultSameBody  = "same body" // another tag, and no byte is another
	ResultSameTag   = "same tag"  // another body under the tag of the one before
	ResultOutdated  = "outdated"  // there is another state, which the document has to ask for
	ResultOvertaken = "overtaken" // a newer answer had come meanwhile; this one is not used
	ResultMismatch  = "mismatch"  // a 304 spoke of another tag than was asked for; it is not used
	ResultRefused   = "refused"   // upstream refuses whoever asked
	ResultAlone     = "unshared"  // the answer is for one reader alone; Detail says why
	ResultFailed    = "failed"    // upstream failed; Detail says how
	ResultCovered   = "covered"   // upstream failed, and what is held stands in for it
	ResultAbandoned = "abandoned" // nobody waited any more
)

// Event is something that happened to a document on this instance. What happens
// again and again alike is one event.
type Event struct {
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
	Times  int       `json:"times"`
	Cause  string    `json:"cause"`
	Result string    `json:"result,omitempty"`
	Status int       `json:"status,omitempty"` // upstream's; 0 where it gave none
	Tag    string    `json:"etag,omitempty"`   // of the state that was spoken of, at most 64 bytes of it
	Detail string    `json:"detail,omitempty"`
}

// Bounds of what is remembered of one document.
const (
	maxEvents   = 16
	maxEventTag = 64  // bytes
	eventSize   = 128 // bytes of one, its tag apart
)

// past is what last happened to a document, oldest first. Its zero value is empty.
// What is held of it counts as stored bytes, from the next answer on.
type past []Event

// add takes notice of what happened at a time. Of what differs from the event
// before in nothing else, only the number and the last time are kept.
func (p *past) add(e Event, tag etag.Tag, now time.Time) {
	e.Tag = string(tag[:min(len(tag), maxEventTag)])
	if n := len(*p); n > 0 {
		last := &(*p)[n-1]
		if e.Cause == last.Cause && e.Result == last.Result && e.Status == last.Status && e.Tag == last.Tag && e.Detail == last.Detail {
			last.Last, last.Times = now, last.Times+1
			return
		}
	}
	e.First, e.Last, e.Times = now, now, 1
	e.Tag = strings.Clone(e.Tag) // not the whole head that it was read from
	if len(*p) == maxEvents {
		copy(*p, (*p)[1:])
		(*p)[maxEvents-1] = e
		return
	}
	*p = append(*p, e)
}

// size returns the bytes that p is accounted for.
func (p past) size() int64 {
	n := cap(p) * eventSize
	for i := range p {
		n += len(p[i].Tag)
	}
	return int64(n)
}

// note takes notice of what happened now, for whoever does not hold mu.
func (f *Feed) note(e Event, tag etag.Tag) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.past.add(e, tag, time.Now())
}

// landed takes notice of what became of a call, before which f held that.
func (f *Feed) landed(fl *flight, res *result, before *Snapshot, now time.Time) {
	e := Event{Cause: fl.reason.String(), Status: res.status}
	if res.told {
		e.Cause, e.Status = CauseTold, 0
	}
	var tag etag.Tag
	if res.snapshot != nil {
		tag = res.snapshot.Tag
	}
	e.Result, e.Detail = f.outcome(res, before)
	f.past.add(e, tag, now)
}

// outcome names what a call brought, whose result has been taken over.
func (f *Feed) outcome(res *result, before *Snapshot) (result, detail string) {
	switch {
	case res.covered:
		return ResultCovered, lack(res.err)
	case res.failed:
		return ResultFailed, lack(res.err)
	case res.err != nil:
		return ResultAbandoned, ""
	case res.response != nil && refuses(res.status):
		return ResultRefused, ""
	case res.response != nil:
		return ResultAlone, res.reason
	case res.snapshot == nil:
		return ResultMismatch, ""
	case len(res.vary) > 0:
		return ResultAlone, reasonVary
	case f.snap != res.snapshot:
		return ResultOvertaken, ""
	}
	return compared(before, f.snap), ""
}

// lack names how a call failed, in few words: an error may tell addresses. It is
// "" where the status says it.
func lack(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrTimeout):
		return "timeout"
	case errors.Is(err, errClosed):
		return "shutting down"
	case errors.Is(err, errUnasked):
		return "304 unasked"
	}
	return "no answer"
}

// compared names what a state is beside the one before, which may be nil.
func compared(before, s *Snapshot) string {
	if before == nil {
		return ResultFirst
	}
	isTag := etag.WeakEqual(before.Tag, s.Tag)
	isBody := isTag
	if !before.Bodyless && !s.Bodyless {
		isBody = bytes.Equal(before.Body, s.Body)
	}
	switch {
	case isTag && isBody:
		return ResultSame
	case isBody:
		return ResultSameBody
	case isTag:
		return ResultSameTag
	}
	return ResultChanged
}
