package guard

import (
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

// A Comparison counts the upstream calls of treated actors and of the holdout, and
// says what the difference is. Who is held out was drawn by lot, so that is all the
// difference that the rung makes, by no model: not by what polls there would have
// been. It looks at the last 24 hours, takes 100 KB, and its methods may be called
// from anywhere at once.
//
// The calls that treated actors share count once, for the actor on whose behalf
// they were made. What is said holds at the percentage that the route stands at:
// with more actors treated there is more to share. So a move of the route calls for
// [Comparison.Moved]. A nil Comparison is that of a route on which nobody is held
// out: it counts nothing and has nothing to say.
type Comparison struct {
	// counted by whoever answers
	treated, holdout census

	// guarded by mu
	mu   sync.Mutex
	hour time.Time // when what is being counted began
	past window[arms]
}

// arms is what the arms counted in an hour.
type arms struct{ treated, holdout population }

// hoursOfDay is how many hours a comparison looks back on.
const hoursOfDay = 24

// NewComparison returns a comparison that begins now.
func NewComparison(now time.Time) *Comparison {
	return &Comparison{hour: now, past: newWindow[arms](hoursOfDay, time.Hour)}
}

// Acted counts actor, a hash, as one who wanted this route's documents: who polled or
// watched. In an hour an actor counts once. It does not allocate and takes no lock.
func (c *Comparison) Acted(arm rollout.Arm, actor uint64) {
	if census := c.of(arm); census != nil {
		census.acted(actor)
	}
}

// Called counts a call to upstream that was made on behalf of actor: for its poll,
// for its watch or to check what it was given. It does not allocate and takes no lock.
func (c *Comparison) Called(arm rollout.Arm, actor uint64) {
	if census := c.of(arm); census != nil {
		census.called(actor)
	}
}

func (c *Comparison) of(arm rollout.Arm) *census {
	switch {
	case c == nil:
	case arm == rollout.Treated:
		return &c.treated
	case arm == rollout.Holdout:
		return &c.holdout
	}
	return nil // those one rung lower are neither
}

// Moved forgets everything: the route stands elsewhere from now on.
func (c *Comparison) Moved(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hour = now
	c.treated.collect()
	c.holdout.collect()
	c.past.clear()
}

// Reduction returns what share of its upstream calls the route's treated actors were
// spared. It is not ok while too little is known; Missing then says what. Call it at
// least once an hour, so that hours are told apart.
func (c *Comparison) Reduction(now time.Time) (e Estimate, ok bool) {
	if c == nil {
		return Estimate{Missing: "nobody is held out"}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(now)
	sum := arms{treated: *c.treated.count(), holdout: *c.holdout.count()}
	for hour := range c.past.recent(now) {
		sum.treated.add(&hour.treated)
		sum.holdout.add(&hour.holdout)
	}
	return estimate(&sum.treated, &sum.holdout)
}

// turn puts what was counted aside when the hour is over. What comes in meanwhile may
// be lost: some polls of an hour.
func (c *Comparison) turn(now time.Time) {
	if c.past.number(now) == c.past.number(c.hour) {
		return
	}
	over := c.past.at(c.hour)
	over.treated.add(c.treated.collect())
	over.holdout.add(c.holdout.collect())
	c.hour = now
}
