package ledger

import "fmt"

// An Outcome is how a poll ended: exactly one per poll. Its String is the label in
// metrics and the word in access lines.
type Outcome uint8

// The outcomes.
const (
	Passed      Outcome = iota // forwarded as if Pollard were not there, by its stage
	Hit                        // answered from memory
	Collapsed                  // answered by an upstream request that another poll began
	Revalidated                // its own upstream request came back 304
	Fetched                    // its own upstream request came back with a representation
	Bypassed                   // on its rung it would be coalesced, but could not be
	Failed                     // no answer, or the client did not wait for it
	outcomes                   // how many there are
)

// String returns the label of o.
func (o Outcome) String() string {
	switch o {
	case Passed:
		return "passed"
	case Hit:
		return "hit"
	case Collapsed:
		return "collapsed"
	case Revalidated:
		return "revalidated"
	case Fetched:
		return "fetched"
	case Bypassed:
		return "bypassed"
	case Failed:
		return "failed"
	}
	return fmt.Sprintf("outcome(%d)", uint8(o))
}

// A Reason is why a request was sent upstream. Its String is the label in metrics.
type Reason uint8

// The reasons.
const (
	Poll    Reason = iota // a poll wanted an answer
	Watch                 // a subscription is kept up to date
	Probe                 // without credentials: has anything changed for anybody
	Verify                // may this identity be given those bytes
	Audit                 // unconditional, after a long run of 304
	Pass                  // a request passed through, poll or not
	reasons               // how many there are
)

// String returns the label of r.
func (r Reason) String() string {
	switch r {
	case Poll:
		return "poll"
	case Watch:
		return "watch"
	case Probe:
		return "probe"
	case Verify:
		return "verify"
	case Audit:
		return "audit"
	case Pass:
		return "pass"
	}
	return fmt.Sprintf("reason(%d)", uint8(r))
}
